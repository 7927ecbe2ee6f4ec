/** What an order was before is kept with it, so that it can still be shown late after a restart. */

import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts'
import {
  CREDENTIALS,
  call,
  confirmOrder,
  customerOf,
  optionsWith,
  ordered,
  PREFIX,
  stateFile,
} from './support.ts'

/** A state file with one order that was confirmed and not yet paid. */
async function confirmedOrder() {
  const options = optionsWith({ stateFile: stateFile(), settleDelayMs: 1_000 })
  const sandbox = await startSandbox(options)
  const customer = await customerOf(sandbox, 'v4')
  const id = await ordered(customer)
  const path = `${PREFIX.v4}/payments/domestic/${id}`
  await confirmOrder(customer, id)
  sandbox.control.advanceClock(1_000)
  expect(sandbox.control.payments()).toMatchObject([{ status: 'Confirmed' }])
  await sandbox.close()
  return {
    options,
    path,
    headers: { ...CREDENTIALS, Authorization: `Bearer ${customer.tokens.access_token}` },
  }
}

async function reopened(options: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  onTestFinished(() => sandbox.close())
  sandbox.control.addFault({ route: 'GET *', kind: 'late-status', count: null })
  return sandbox
}

test('the status before the present one is still shown late after a restart', async () => {
  const { options, path, headers } = await confirmedOrder()
  const shown = await call(await reopened(options), 'GET', path, { headers })
  expect(shown.body.response.payment_status).toBe('PendingUserApproval')
})

test('rows from before statuses were kept have none to show, until they change', async () => {
  const { options, path, headers } = await confirmedOrder()
  const db = new DatabaseSync(options.stateFile ?? '')
  const changed = db
    .prepare("UPDATE row SET body = json_remove(body, '$.earlier') WHERE kind = 'payment'")
    .run()
  expect(changed.changes).toBe(1)
  db.close()
  const sandbox = await reopened(options)
  const statusShown = async () => (await call(sandbox, 'GET', path, { headers })).body.response.payment_status
  expect(await statusShown()).toBe('Confirmed')
  sandbox.control.advanceClock(1_000)
  expect(await statusShown()).toBe('Confirmed')
  expect(sandbox.control.payments()).toMatchObject([{ status: 'Paid', earlier: ['Confirmed'] }])
})
