import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { flash } from '../../middleware/flash.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf } from '../forms/form.ts'
import { renderPage } from '../page.ts'
import { failedCard, jobRow, queueRow } from '../view-models/job-view.ts'

const PAGE = { title: 'Jobs', width: 'wide' } as const
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
    renderPage(req, res, 'admin/jobs', PAGE, {
      jobRows: runs.map((run) => jobRow(run, { schedules, backlog, now, timezone })),
      queueRows: standing.map((each) => queueRow(each, now)),
      failed: failed.map((job) => failedCard(job, timezone)),
    })
  }

  /** POST /admin/jobs/:id/retry */
  const retry: RequestHandler = async (req, res) => {
    const id = idOf(req)
    const job = await queue.findFailed(id)
    if (!job) throw new NotFound()
    await models.jobRuns.noteRetry(job, actorOf(req))
    const isOn = await queue.retry(job.name, id)
    await flash(req, isOn ? 'done' : 'info', isOn ? 'It is tried again.' : 'It is being tried already.')
    res.redirect(303, paths.adminJobs)
  }

  return { list, retry }
}
