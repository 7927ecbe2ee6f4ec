/** A process in our frame that comes to grief as its first argument says. */
import { createLogger } from '../../../src/logger.ts'
import { runProcess } from '../../../src/process.ts'

const [, , how = ''] = process.argv

await runProcess('a process', async () => {
  if (how === 'at the start') throw new Error('nobody listens')
  return {
    log: createLogger('test', 'info'),
    stop: async () => {
      if (how === 'while stopping') throw new Error('it will not stop')
      console.log('everything was put away')
    },
  }
})

const error = Object.assign(new Error('overlooked'), { password: 'Quiet-otter-39-lakes' })
if (how === 'a rejection') Promise.reject(error)
else
  setTimeout(() => {
    throw error
  })
// Without its end it would live on.
setInterval(() => {}, 1_000)
