/** The web process: by itself, or with WEB_CONCURRENCY a small one that looks after several of its kind behind one port. */
import cluster from 'node:cluster'

const processes = Number(process.env.WEB_CONCURRENCY || 1)
// Whatever else stands there is named by the web program, together with every other setting that is wrong.
if (cluster.isPrimary && Number.isInteger(processes) && processes > 1) {
  const { superviseWeb } = await import('./cluster.ts')
  superviseWeb(processes, { logLevel: process.env.LOG_LEVEL || 'info' })
} else await import('./web.ts')
