/** Who was killed when and where, for the report and for whoever has to find out what happened. */
export interface Blow {
  at: number
  /** The program, or the database. */
  whom: string
  where: string
  /** A pause takes nothing away from a process but time. */
  isKill: boolean
}

export class KillLog {
  readonly blows: Blow[] = []

  note(whom: string, where: string, isKill = true): void {
    this.blows.push({ at: Date.now(), whom, where, isKill })
  }

  get kills(): number {
    return this.blows.filter(({ isKill }) => isKill).length
  }

  /** How often each place was struck, pauses included. */
  hits(): Map<string, number> {
    const places = Map.groupBy(this.blows, ({ where }) => where)
    return new Map([...places].map(([where, blows]) => [where, blows.length]))
  }
}
