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
  /pass(word|wd)?|pwd|pepper|secret|token|csrf|authorization|cookie|signature|^code$|^state$|iban|acc(ount)?_?no|hash_?key|number/i
/** IBANs, together or in groups of four, and national numbers; the last part of one of our own ids is neither. */
const NUMBER_LIKE =
  /\b(?<![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-(?=[0-9a-f]{12}\b))(?:[A-Za-z]{2}\d{2}(?: ?\d{4}){2,7}(?: ?\d{1,3})?|[A-Z]{2}\d{2}[A-Z0-9]{10,30}|\d{11,18})\b/g
const URL_CREDENTIALS = /(?<=:\/\/)[^\s/@]+(?=@)/g
const BEARER = /(?<=\bBearer )[\w.~+/=-]+/gi
/** What programs show at the API. */
const API_TOKEN = /\bspv_[0-9A-Za-z]{16,}/g
const LONGEST_TEXT = 4_000
const LEVELS = ['error', 'warn', 'info', 'debug']
/** Longer than anything that is taken out, so that the bound cannot leave half of it. */
const OVERLAP = 500
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being removed
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/**
 * JSON lines; secrets and account numbers are taken out before anything is written.
 * @param stream stderr for a command that prints its results.
 */
export function createLogger(service: string, level: string, stream: 'stdout' | 'stderr' = 'stdout'): Logger {
  return winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format((info) => Object.assign(info, logContext.getStore()))(),
      winston.format((info) => redacted(info))(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console(stream === 'stderr' ? { stderrLevels: [...LEVELS] } : {})],
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
  if (typeof value === 'string') return cleanText(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return '[bytes]'
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

function cleanText(text: string): string {
  return text
    .slice(0, LONGEST_TEXT + OVERLAP)
    .replace(CONTROL, ' ')
    .replace(URL_CREDENTIALS, '[redacted]')
    .replace(BEARER, '[redacted]')
    .replace(API_TOKEN, '[redacted]')
    .replace(NUMBER_LIKE, '[number]')
    .slice(0, LONGEST_TEXT)
}
