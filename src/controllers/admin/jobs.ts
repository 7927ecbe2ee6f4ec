import type { RequestHandler } from 'express'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { lagsOf } from '../../models/desk/job-lag.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { renderPage } from '../page.ts'
import { failedCard, jobRow, queueRow } from '../view-models/job-view.ts'

const page = () => ({ title: t('Jobs'), width: 'wide' }) as const
const MOST_FAILED = 50

export function jobControllers({ models, queue, clock }: WebContext) {
  /** GET /admin/jobs */
  const list: RequestHandler = async (req, res) => {
    const { timezone } = signedIn(req)
    const [runs, standing, failed, schedules, backlog] = await Promise.all([
      models.jobRuns.list(),
      queue.standing(),
      queue.failed(MOST_FAILED),
      queue.schedules(),
      models.overview.backlog(),
    ])
    const now = clock.now()
    const oldestPaymentDueOn = backlog.oldestDueAt
    const lags = lagsOf({ runs, schedules, queues: standing, oldestPaymentDueOn, now })
    renderPage(req, res, 'admin/jobs', page(), {
      jobRows: runs.map((run) => jobRow(run, { schedules, lags, timezone })),
      queueRows: standing.map((each) => queueRow(each, now)),
      failed: failed.map((job) => failedCard(job, timezone)),
    })
  }

  /** POST /admin/jobs/:id/retry */
  const retry: RequestHandler = async (req, res) => {
    readNothing(req.body)
    const id = idOf(req)
    const job = await queue.findFailed(id)
    if (job) await models.jobRuns.noteRetry(job, actorOf(req))
    const isOn = job !== null && (await queue.retry(job.name, id))
    if (isOn) await flash(req, 'done', t('It is tried again.'))
    else await flash(req, 'info', t('That job isn’t among those given up any more.'))
    res.redirect(303, paths.adminJobs)
  }

  return { list, retry }
}
