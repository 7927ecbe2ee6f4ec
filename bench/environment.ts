import { randomBytes } from 'node:crypto'

/** The name the app goes by; requests carry it, as a platform's router would pass it on. */
export const HOST_NAME = 'bench.sparvana.test'

/** What the router in front of the app adds to every request, and what a browser says it can unpack. */
export const ROUTED = {
  host: HOST_NAME,
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '192.0.2.7',
  'accept-encoding': 'gzip, deflate, br',
}

/** As many web processes as are measured, and processes of the floor beside them. */
export const PROCESSES = 2

/** Everything that the bench sets otherwise than production would; README.md says why, line by line. */
const OF_THE_BENCH = {
  READS_PER_MINUTE: '0',
  BANK_READS_PER_MINUTE: '0',
  WRITES_PER_MINUTE: '0',
  SESSION_IDLE_MINUTES: '720',
}

/** As in production, down to the cost of a password; only the bank and the mail server are nowhere. */
export function productionEnvironment(databaseUrl: string): Record<string, string> {
  return {
    NODE_ENV: 'production',
    WEB_CONCURRENCY: String(PROCESSES),
    HOST: '127.0.0.1',
    BASE_URL: `https://${HOST_NAME}`,
    TRUST_PROXY: '1',
    DATABASE_URL: databaseUrl,
    SESSION_SECRET: randomBytes(48).toString('base64url'),
    PASSWORD_PEPPER: randomBytes(48).toString('base64url'),
    ACCOUNT_HASH_KEY: randomBytes(32).toString('base64'),
    TOKEN_KEYS: `1:${randomBytes(32).toString('base64')}`,
    SMTP_URL: 'smtp://127.0.0.1:9',
    NORDEA_BASE_URL: 'https://127.0.0.1:9',
    NORDEA_CLIENT_ID: 'bench',
    NORDEA_CLIENT_SECRET: randomBytes(16).toString('hex'),
    NORDEA_REDIRECT_URI: `https://${HOST_NAME}/bank/callback`,
    ...OF_THE_BENCH,
  }
}
