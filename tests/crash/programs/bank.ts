/** The emulator with tokens that soon end and a state file, so that it goes on where it was killed. */
import { startSandbox } from '../../../src/sandbox/index.ts'
import { ACCESS_TOKEN_SECONDS, type BankSetUp, SETTLE_DELAY_MS } from '../settings.ts'

const setUp: BankSetUp = JSON.parse(process.env.BANK_SET_UP ?? '')
await startSandbox({
  ...setUp,
  consentMode: 'straight-back',
  approval: 'never',
  settleDelayMs: SETTLE_DELAY_MS,
  accessTokenSeconds: ACCESS_TOKEN_SECONDS,
  seed: 'standard',
  exposeControl: true,
})
process.once('SIGTERM', () => process.exit())
process.once('disconnect', () => process.exit())
console.log('bank ready')
