import { type ChildSpec, type Supervised, superviseOne } from './supervisor/child.ts'

export type { ChildSpec } from './supervisor/child.ts'

/** All times in milliseconds. */
export interface SupervisorOptions {
  /** Receives every line a child says, behind its name, and what the supervisor does about it. */
  log: (line: string) => void
  /** How long a child may take to be ready the first time. */
  readyWithinMs?: number
  /** How long a child may take over SIGTERM before it is killed. */
  stopWithinMs?: number
  /** The pause before the first restart; it doubles each time up to `longestPauseMs`. */
  firstPauseMs?: number
  longestPauseMs?: number
  /** A child that lives this long counts as well again, and its restarts are forgotten. */
  wellAfterMs?: number
  /** Restarts in a row before a child is given up. */
  mostRestarts?: number
  /** Called once, with its name, when a child is given up; the others run on. */
  onGivenUp?: (name: string) => void
}

export interface Supervisor {
  /** The process number of a child, null while it is down. */
  pidOf(name: string): number | null
  /** SIGTERM to each in reverse order, SIGKILL to the slow; idempotent. Afterwards none is left. */
  stop(): Promise<void>
  /** SIGKILL to all at once. */
  kill(): Promise<void>
}

const DEFAULTS = {
  readyWithinMs: 60_000,
  stopWithinMs: 10_000,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  wellAfterMs: 60_000,
  mostRestarts: 8,
  onGivenUp: () => {},
}

/**
 * Starts Node programs one after another, each when the one before it is ready, and from then on starts again those
 * that end unasked. They end with this process, however it ends.
 *
 * Throws when a child is not ready in time or ends before it is; the others are stopped first.
 */
export async function superviseAll(
  specs: readonly ChildSpec[],
  options: SupervisorOptions,
): Promise<Supervisor> {
  const width = Math.max(...specs.map(({ name }) => name.length))
  const children: Supervised[] = []
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= stopInReverse(children)
    return stopping
  }
  try {
    for (const spec of specs) {
      const child = superviseOne(spec, { ...DEFAULTS, ...options, label: spec.name.padEnd(width) })
      children.push(child)
      await child.ready
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pidOf: (name) => children.find((child) => child.name === name)?.pid() ?? null,
    stop,
    kill: async () => {
      await Promise.all(children.map((child) => child.kill()))
    },
  }
}

async function stopInReverse(children: readonly Supervised[]): Promise<void> {
  for (const child of children.toReversed()) await child.stop()
}
