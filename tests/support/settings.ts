import { randomBytes } from 'node:crypto'

/** A complete environment for the app with secrets of its own; every test may overrule what it is about. */
export function testEnvironment(overrule: Record<string, string> = {}): Record<string, string> {
  const BASE_URL = overrule.BASE_URL ?? 'http://localhost:3999'
  return {
    NODE_ENV: 'test',
    BASE_URL,
    HOST: '127.0.0.1',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    DATABASE_POOL: '6',
    SESSION_SECRET: randomBytes(48).toString('base64url'),
    PASSWORD_PEPPER: randomBytes(48).toString('base64url'),
    ACCOUNT_HASH_KEY: randomBytes(32).toString('base64'),
    TOKEN_KEYS: `1:${randomBytes(32).toString('base64')}`,
    // Slow hashing is tested where it matters; elsewhere it would only slow the tests.
    BCRYPT_COST: '4',
    SMTP_URL: 'smtp://127.0.0.1:9',
    NORDEA_BASE_URL: 'http://127.0.0.1:9',
    NORDEA_CLIENT_ID: 'test-client',
    NORDEA_CLIENT_SECRET: randomBytes(16).toString('hex'),
    NORDEA_REDIRECT_URI: `${BASE_URL}/bank/callback`,
    UNDO_WINDOW_SECONDS: '60',
    // Limits of the bank's are tested where they matter; a clock that stands still would wait for its turn for ever.
    BANK_CALLS_PER_SECOND: '0',
    UNATTENDED_READS_PER_DAY: '0',
    SANDBOX_CONSOLE: 'on',
    // So are the limits of forms and pages a minute; most tests send more than any person.
    WRITES_PER_MINUTE: '0',
    READS_PER_MINUTE: '0',
    BANK_READS_PER_MINUTE: '0',
    // Reading the table costs every app some milliseconds; tests of countries bring a small one of their own.
    COUNTRY_TABLE: 'off',
    // Visitors here have no JavaScript; the tests of the puzzles switch them on.
    PROOF_OF_WORK: 'off',
    // Clocks are moved by hours; who has been idle is tested by itself.
    SESSION_IDLE_MINUTES: '720',
    // Nobody stands before most servers here who would have to learn that they end.
    DRAIN_SECONDS: '0',
    LOG_LEVEL: 'error',
    ...overrule,
  }
}
