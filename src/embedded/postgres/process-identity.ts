import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'

/**
 * Tells one life of a process number from the next (numbers are used again, after a reboot in particular).
 * Null when no such process lives; one that has ended but was not collected by its parent counts as ended.
 */
export function processIdentity(pid: number): string | null {
  if (process.platform !== 'linux') return ps(pid, 'lstart=')
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold spaces and brackets: count from the last one.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
    const [state, startedTicks] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${startedTicks}`
  } catch {
    return null
  }
}

/** Whether `pid` is a PostgreSQL server over `cluster` that belongs to `uid`; a process of any other kind is not. */
export function isPostmasterOf(pid: number, cluster: string, uid: number): boolean {
  if (processIdentity(pid) === null) return false
  if (process.platform !== 'linux') {
    const command = ps(pid, 'command=') ?? ''
    return (
      command.includes('postgres') && command.includes(`-D ${cluster} `) && ps(pid, 'uid=') === String(uid)
    )
  }
  try {
    const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const isPostgres = program?.endsWith('/postgres') ?? false
    return isPostgres && args[args.indexOf('-D') + 1] === cluster && statSync(`/proc/${pid}`).uid === uid
  } catch {
    return false
  }
}

function ps(pid: number, column: string): string | null {
  try {
    return execFileSync('ps', ['-ww', '-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}
