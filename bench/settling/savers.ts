import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { SCOPES } from '../../src/bank/index.ts'
import { createSealer, hashAccountNumber } from '../../src/crypto.ts'
import type { BankCalls } from '../programs/bank-calls.ts'

/** A saver pays for at most so many habits at once. */
export const MOST_HABITS = 5
export const AMOUNT_MINOR = 25_00
const LINKED_AT_ONCE = 8

/** The IBANs of the two accounts that every saver saves between. */
export interface Sides {
  debtorIban: string
  creditorIban: string
}

/** Savers with a consent of their own at the bank, two accounts and five habits. @returns their ids. */
export async function linkedSavers(
  pool: pg.Pool,
  bank: BankCalls,
  environment: Record<string, string>,
  { debtorIban, creditorIban }: Sides,
  count: number,
): Promise<string[]> {
  const { TOKEN_KEYS = '', ACCOUNT_HASH_KEY = '' } = environment
  const sealer = createSealer(new Map([[1, Buffer.from(TOKEN_KEYS.slice('1:'.length), 'base64')]]))
  const hashed = (iban: string) => hashAccountNumber(iban, Buffer.from(ACCOUNT_HASH_KEY, 'base64'))
  const rows: { userId: string; consentId: string; access: string; refresh: string }[] = []
  const line = async () => {
    while (rows.length < count) {
      const [userId, consentId] = [randomUUID(), randomUUID()]
      const row = { userId, consentId, access: '', refresh: '' }
      rows.push(row)
      const { accessToken, refreshToken } = await bank.link()
      row.access = hex(sealer.seal(accessToken, `access-token:${consentId}`))
      row.refresh = hex(sealer.seal(refreshToken, `refresh-token:${consentId}`))
    }
  }
  await Promise.all(Array.from({ length: LINKED_AT_ONCE }, line))
  await pool.query(SAVERS, [
    rows.map(({ userId }) => userId),
    rows.map(({ consentId }) => consentId),
    rows.map(({ access }) => access),
    rows.map(({ refresh }) => refresh),
    hashed(debtorIban),
    hashed(creditorIban),
    MOST_HABITS,
    AMOUNT_MINOR,
    SCOPES,
  ])
  return rows.map(({ userId }) => userId)
}

/** Their balances exist in every bucket, as they do from a habit's first paid check-off on. */
const SAVERS = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS g ("userId", "consentId", access, refresh)
  ), users AS (
    INSERT INTO "User" (id, "fullName", email, "hashedPwd", "emailConfirmedOn", "accLoaded", "createdOn")
    SELECT "userId", 'Saver', "userId" || '@bench.example', 'none', now(), true, now() FROM given
  ), consents AS (
    INSERT INTO "BankConsent" (id, "userId", profile, country, scopes, "grantedAt", "expiresAt",
      "accessTokenSealed", "refreshTokenSealed", "accessTokenExpiresAt")
    SELECT "consentId", "userId", 'current', 'DK', $9, now(), now() + interval '90 days',
      decode(access, 'hex'), decode(refresh, 'hex'), now() FROM given
  ), accounts AS (
    INSERT INTO "Account" (id, "userId", "consentId", "hashedAccNo", name, currency, country, "isDebitor",
      "isCreditor", "loadedOn")
    SELECT uuidv7(), "userId", "consentId", side.hash, 'Account', 'DKK', 'DK', side."isDebitor",
      NOT side."isDebitor", now()
    FROM given, (VALUES ($5, true), ($6, false)) AS side (hash, "isDebitor")
  ), habits AS (
    INSERT INTO "Habit" (id, "userId", name, "startDate", "createdOn")
    SELECT uuidv7(), "userId", 'Habit ' || n, current_date, now() FROM given, generate_series(1, $7::int) n
    RETURNING id, "userId"
  ), balances AS (
    INSERT INTO "LedgerBalance" ("userId", "habitId", bucket, currency)
    SELECT "userId", id, unnest('{OPEN,PLEDGED,ON_ITS_WAY,SAVED}'::"LedgerBucket"[]), 'DKK' FROM habits
  )
  INSERT INTO "HabitVersion"
    (id, "habitId", number, "effectiveFrom", frequency, "interval", "amountMinor", currency, "createdOn")
  SELECT uuidv7(), id, 1, current_date, 1, 1, $8::int, 'DKK', now() FROM habits`

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
