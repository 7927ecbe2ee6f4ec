import type { RequestHandler } from 'express'
import { SECOND } from '../../clock.ts'
import { formatExactly, inWords } from '../../format.ts'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { lagsOf } from '../../models/desk/job-lag.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { renderPage } from '../page.ts'
import { callsChart, exposureChart, latencyChart, statesChart } from '../view-models/bank-charts.ts'
import { isFailingNow } from '../view-models/job-view.ts'
import { troublesOf, verdictTitle } from '../view-models/status-troubles.ts'
import { lagsChart, queuesChart, requestsChart } from '../view-models/work-charts.ts'

const page = () => ({ title: t('Status'), width: 'wide' }) as const

export function statusControllers(context: WebContext) {
  /** GET /admin/status */
  const show: RequestHandler = async (req, res) => {
    const { timezone } = signedIn(req)
    const { figures, status, queues, ...facts } = await readAll(context, timezone)
    const { lags, failing, now } = facts
    const troubles = troublesOf({ ...facts, figures, status })
    renderPage(req, res, 'admin/status', page(), {
      verdict: { title: verdictTitle(troubles), troubles },
      asOf: formatExactly(now, timezone),
      againPath: paths.adminStatus,
      calls: callsChart(status.hours, timezone),
      columns: [
        [
          statesChart(figures.paymentsByState),
          exposureChart(status.standing.exposure),
          latencyChart(status.apis),
        ],
        [lagsChart(lags, failing), queuesChart(queues, now)],
      ],
      requests: requestsChart(context.requests.byRoute(), inWords(process.uptime() * SECOND)),
    })
  }

  return { show }
}

async function readAll({ models, queue, bankGate, clock }: WebContext, timezone: string) {
  const [figures, status, stop, runs, schedules, queues, closedForMs, trials] = await Promise.all([
    models.figures.read(),
    models.status.read(),
    models.stops.current(),
    models.jobRuns.list(),
    queue.schedules(),
    queue.standing(),
    bankGate.closedForMs(),
    bankGate.trials(),
  ])
  const now = clock.now()
  const oldestPaymentDueOn =
    figures.due > 0 ? new Date(now.getTime() - figures.oldestDueSeconds * SECOND) : null
  const lags = lagsOf({ runs, schedules, queues, oldestPaymentDueOn, now })
  const known = runs.filter(({ name }) => lags.some((lag) => lag.name === name))
  const heard = known.map(({ finishedOn }) => finishedOn.getTime())
  return {
    figures,
    status,
    queues,
    stop,
    lags,
    failing: known.filter(isFailingNow).map(({ name }) => name),
    heardOn: heard.length > 0 ? new Date(Math.max(...heard)) : null,
    gate: { closedForMs, trials },
    now,
    timezone,
  }
}
