import { AsyncLocalStorage } from 'node:async_hooks'
import winston from 'winston'

/** What every log line of one request or job carries. */
export interface LogContext {
  requestId: string
  userId?: string
}

export const logContext = new AsyncLocalStorage<LogContext>()

export function currentRequestId(): string | null {
  return logContext.getStore()?.requestId ?? null
}

export type Logger = winston.Logger

const SECRET_KEYS =
  /pass(word|wd)?|secret|token|authorization|cookie|signature|^code$|^state$|iban|accountno|number/i
const NUMBER_LIKE = /\b(?:[A-Z]{2}\d{2}[A-Z0-9]{10,30}|\d{11,18})\b/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being removed
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** JSON lines on stdout; secrets and account numbers are taken out before anything is written. */
export function createLogger(service: string, level: string): Logger {
  return winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format((info) => Object.assign(info, logContext.getStore()))(),
      winston.format((info) => redacted(info))(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  })
}

function redacted(info: winston.Logform.TransformableInfo): winston.Logform.TransformableInfo {
  for (const [key, value] of Object.entries(info)) {
    if (key !== 'level' && key !== 'timestamp') (info as Record<string, unknown>)[key] = clean(key, value, 0)
  }
  return info
}

/** @returns the value without secrets, account numbers and control characters, bounded in depth and length. */
export function clean(key: string, value: unknown, depth = 0): unknown {
  if (SECRET_KEYS.test(key)) return '[redacted]'
  if (typeof value === 'string')
    return value.slice(0, 4_000).replace(CONTROL, ' ').replace(NUMBER_LIKE, '[number]')
  if (value instanceof Error)
    return clean('error', { name: value.name, message: value.message, stack: value.stack }, depth)
  if (value === null || typeof value !== 'object') return value
  if (depth > 4) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => clean('', item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 50)
      .map(([name, inner]) => [name, clean(name, inner, depth + 1)]),
  )
}
