/** Steering the emulator while we measure, and asking it what it was asked. */

export interface LoggedCall {
  status: number | null
  at: string
}

export type Emulator = ReturnType<typeof emulatorAt>

export function emulatorAt(origin: string) {
  const control = async (path: string, method = 'GET', body?: object) => {
    const response = await fetch(`${origin}/__emulator${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!response.ok) throw new Error(`the emulator answered ${method} ${path} with ${response.status}`)
    return response.status === 204 ? null : response.json()
  }
  return {
    limitTo: async (rateLimitPerSecond: number | null) => {
      await control('/settings', 'POST', { rateLimitPerSecond })
    },
    /** Every answer comes so much later; 0: at once. */
    delayBy: async (delayMs: number) => {
      await control('/faults', 'DELETE')
      if (delayMs > 0) await control('/faults', 'POST', { kind: 'delay', route: '* *', count: null, delayMs })
    },
    forgetCalls: async () => {
      await control('/requests', 'DELETE')
    },
    /** The last 10,000. */
    calls: async (): Promise<LoggedCall[]> => {
      const { requests } = (await control('/requests')) as { requests: LoggedCall[] }
      return requests
    },
    ibanOf: async (number: string): Promise<string> => {
      const { accounts } = (await control('/state')) as { accounts: { bban: string | null; iban: string }[] }
      const found = accounts.find(({ bban }) => bban === number)
      if (!found) throw new Error(`the emulator has no account ${number}`)
      return found.iban
    },
  }
}
