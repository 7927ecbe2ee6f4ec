import type { SandboxAccount, SandboxPayment } from '../../src/sandbox/index.ts'

/** What the emulated bank remembers, as its control plane tells. */
export interface BankState {
  accounts: SandboxAccount[]
  payments: SandboxPayment[]
  imbalance: Record<string, number>
}

export async function bankState(bankUrl: string): Promise<BankState> {
  const answer = await fetch(`${bankUrl}/__emulator/state`)
  if (!answer.ok) throw new Error(`the bank's state was answered with ${answer.status}`)
  return (await answer.json()) as BankState
}
