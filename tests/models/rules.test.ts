import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomReference } from '../../src/crypto.ts'
import { createDb, type Db } from '../../src/db.ts'
import { isFinal, MOVES, mayMove, PaymentState } from '../../src/models/payment/states.ts'
import { ARRIVING, checkOff, newHabit, newLinkedUser, newUser, ownDatabase, worldAt } from './support.ts'

let db: Db
let close: () => Promise<void>
let ids: Record<
  | 'user'
  | 'other'
  | 'consent'
  | 'debtor'
  | 'creditor'
  | 'habit'
  | 'version'
  | 'checkOff'
  | 'payment'
  | 'foreignAccount'
  | 'foreignHabit',
  string
>

beforeAll(async () => {
  const own = await ownDatabase(2)
  // What even the role that owns the tables can't do; the app's own may do less.
  db = createDb(own.ownerUrl, 10)
  close = async () => {
    await db.close()
    await own.close()
  }
  const world = worldAt(db)
  const user = await newLinkedUser(world)
  const other = await newLinkedUser(world)
  const habit = await newHabit(world, user)
  const done = await checkOff(world, user, habit.id)
  const accounts = await world.models.accounts.chosenBy(user.id)
  const foreign = await world.models.accounts.chosenBy(other.id)
  const consent = await world.models.consents.live(user.id)
  await db.prisma.emailToken.create({
    data: {
      userId: user.id,
      purpose: 'CONFIRM',
      hashedToken: 'used',
      createdOn: new Date(0),
      expiresOn: new Date(1),
    },
  })
  ids = {
    user: user.id,
    other: other.id,
    consent: consent?.id ?? '',
    debtor: accounts?.debtor.id ?? '',
    creditor: accounts?.creditor.id ?? '',
    habit: habit.id,
    version: done.habitVersionId,
    checkOff: done.id,
    payment: done.paymentId,
    foreignAccount: foreign?.debtor.id ?? '',
    foreignHabit: (await newHabit(world, other)).id,
  }
})

afterAll(() => close())

type Attempt = [what: string, rule: string, statement: (id: typeof ids) => string]

const update = (table: string, id: keyof typeof ids, change: string) => (known: typeof ids) =>
  `UPDATE "${table}" SET ${change} WHERE id = '${known[id]}'`

const ATTEMPTS: Attempt[] = [
  [
    'an address with capitals',
    'User_email_is_lower_case',
    update('User', 'user', `email = 'Ida@example.com'`),
  ],
  ['an address of two characters', 'User_email_is_lower_case', update('User', 'user', `email = 'a@'`)],
  [
    'an address of 255 characters',
    'User_email_is_lower_case',
    update('User', 'user', `email = repeat('a', 255)`),
  ],
  [
    'an address that somebody has',
    'User_email_key',
    (id) =>
      `UPDATE "User" SET email = (SELECT email FROM "User" WHERE id = '${id.other}') WHERE id = '${id.user}'`,
  ],
  ['an empty name', 'User_fullName_length', update('User', 'user', `"fullName" = ''`)],
  [
    'a name of 101 characters',
    'User_fullName_length',
    update('User', 'user', `"fullName" = repeat('a', 101)`),
  ],
  ['a day that begins at 13', 'User_dayStartHour_range', update('User', 'user', '"dayStartHour" = 13')],
  ['a day that begins at -1', 'User_dayStartHour_range', update('User', 'user', '"dayStartHour" = -1')],
  ['a week that begins on day 0', 'User_weekStart_range', update('User', 'user', '"weekStart" = 0')],
  ['a week that begins on day 8', 'User_weekStart_range', update('User', 'user', '"weekStart" = 8')],
  [
    'a saver with savings removed',
    'CheckOff_userId_fkey',
    (id) => `DELETE FROM "User" WHERE id = '${id.user}'`,
  ],

  ['no cap per payment', 'SavingLimits_caps_positive', limits({ capPerPaymentMinor: 0 })],
  ['no cap per day', 'SavingLimits_caps_positive', limits({ capPerDayMinor: 0 })],
  ['no cap per month', 'SavingLimits_caps_positive', limits({ capPerMonthMinor: -1 })],
  ['a floor below nothing', 'SavingLimits_floor_not_negative', limits({ floorMinor: -1 })],
  [
    'limits that count from before they were set',
    'SavingLimits_not_backdated',
    limits({ effectiveFrom: `now() - interval '1 second'` }),
  ],
  [
    'limits withdrawn after they began',
    'SavingLimits_withdrawn_before_it_began',
    (id) => changedLimits(id, `"withdrawnOn" = "effectiveFrom" + interval '1 second'`),
  ],
  ['other limits in an old row', 'saving_limits_are_settled', (id) => changedLimits(id, '"floorMinor" = 1')],
  [
    'limits withdrawn twice',
    'saving_limits_are_settled',
    (id) => `${changedLimits(id, `"withdrawnOn" = now()`)}; UPDATE "SavingLimits" SET "withdrawnOn" = NULL`,
  ],

  [
    'a link that ends before it is made',
    'EmailToken_expires_later',
    (id) => token(id.user, 'RESET', 'a', '1 second', '0'),
  ],
  ['a second open link of one kind', 'EmailToken_one_open', (id) => token(id.user, 'CONFIRM', 'b')],
  ['two links with one token', 'EmailToken_hashedToken_key', (id) => token(id.other, 'CONFIRM', 'used')],

  [
    'a consent that ended and keeps its tokens',
    'BankConsent_ends_without_tokens',
    update('BankConsent', 'consent', '"revokedAt" = now()'),
  ],
  [
    'a consent that ended and keeps its access token',
    'BankConsent_ends_without_tokens',
    update('BankConsent', 'consent', '"revokedAt" = now(), "refreshTokenSealed" = NULL'),
  ],
  [
    'a lease without an end',
    'BankConsent_lease_whole',
    update('BankConsent', 'consent', '"refreshLeaseOwner" = gen_random_uuid()'),
  ],
  [
    'a lease without an owner',
    'BankConsent_lease_whole',
    update('BankConsent', 'consent', '"refreshLeaseUntil" = now()'),
  ],
  ['a second live consent', 'BankConsent_one_live', (id) => copyOf('BankConsent', id.consent, {})],

  ['one account on both sides', 'Account_not_both_sides', update('Account', 'debtor', '"isCreditor" = true')],
  [
    'a second current account',
    'Account_one_debitor',
    (id) => copyOf('Account', id.debtor, { hashedAccNo: `'${'a'.repeat(64)}'` }),
  ],
  [
    'a second savings account',
    'Account_one_creditor',
    (id) => copyOf('Account', id.creditor, { hashedAccNo: `'${'b'.repeat(64)}'` }),
  ],
  [
    'an account number in the place of its hash',
    'Account_number_is_hashed',
    update('Account', 'debtor', `"hashedAccNo" = 'DK3420301544117544'`),
  ],
  [
    'one account twice',
    'Account_userId_hashedAccNo_key',
    (id) => copyOf('Account', id.debtor, { isDebitor: 'false' }),
  ],
  [
    "an account under somebody else's consent",
    'Account_consentId_userId_fkey',
    (id) =>
      copyOf('Account', id.debtor, {
        userId: `'${id.other}'`,
        hashedAccNo: `'${'a'.repeat(64)}'`,
        isDebitor: 'false',
      }),
  ],

  ['a habit without a name', 'Habit_name_length', update('Habit', 'habit', `name = ''`)],
  [
    'a habit with a name of 81 characters',
    'Habit_name_length',
    update('Habit', 'habit', `name = repeat('a', 81)`),
  ],
  [
    'a habit with savings removed',
    'CheckOff_habitId_userId_fkey',
    (id) => `DELETE FROM "Habit" WHERE id = '${id.habit}'`,
  ],
  ['an interval of no days', 'HabitVersion_frequency_range', version({ interval: 0 })],
  ['an interval of 367 days', 'HabitVersion_interval_range', version({ interval: 367 })],
  ['a frequency of nothing', 'HabitVersion_frequency_range', version({ frequency: 0 })],
  ['eleven times a day', 'HabitVersion_frequency_range', version({ frequency: 11 })],
  ['101 times in a year', 'HabitVersion_frequency_range', version({ frequency: 101, interval: 366 })],
  ['an amount of nothing', 'HabitVersion_amount_range', version({ amountMinor: 0 })],
  ['an amount above the largest', 'HabitVersion_amount_range', version({ amountMinor: 1_000_001 })],
  ['a version number 0', 'HabitVersion_number_positive', version({ number: 0 })],
  ['a version number twice', 'HabitVersion_habitId_number_key', version({ number: 1 })],

  ['a check-off of nothing', 'CheckOff_amount_range', (id) => aCheckOff(id, { amountMinor: 0 })],
  ['a place 0', 'CheckOff_slots_positive', (id) => aCheckOff(id, { slot: 0 })],
  ['a place 0 of the day', 'CheckOff_slots_positive', (id) => aCheckOff(id, { daySlot: 0 })],
  ['a day before its period', 'CheckOff_day_in_period', (id) => aCheckOff(id, { period: `'2026-06-18'` })],
  [
    'an undone check-off without an instant',
    'CheckOff_undone_has_instant',
    update('CheckOff', 'checkOff', `state = 'UNDONE'`),
  ],
  [
    'a recorded check-off with an instant of undoing',
    'CheckOff_undone_has_instant',
    update('CheckOff', 'checkOff', '"undoneAt" = now()'),
  ],
  ['one place twice', 'CheckOff_one_per_slot', (id) => aCheckOff(id, { daySlot: 2 })],
  ['one place of a day twice', 'CheckOff_one_per_day_slot', (id) => aCheckOff(id, { slot: 2 })],
  [
    "a check-off of somebody else's habit",
    'CheckOff_habitId_userId_fkey',
    (id) => aCheckOff(id, { habitId: `'${id.foreignHabit}'`, slot: 2, daySlot: 2 }),
  ],
  [
    "a check-off by another habit's version",
    'CheckOff_habitVersionId_habitId_fkey',
    (id) =>
      aCheckOff(id, {
        slot: 2,
        daySlot: 2,
        habitVersionId: `(SELECT id FROM "HabitVersion" WHERE "habitId" = '${id.foreignHabit}')`,
      }),
  ],
  [
    'a check-off in another currency than its payment',
    'CheckOff_paymentId_userId_currency_fkey',
    (id) => aPaidCheckOff(id, id.payment, { currency: `'SEK'`, slot: 2, daySlot: 2 }),
  ],
  [
    'a check-off that pays without a payment',
    'CheckOff_pays_or_only_records',
    (id) => aCheckOff(id, { recordOnly: 'false', slot: 2, daySlot: 2 }),
  ],
  [
    'a check-off that only records, with a payment',
    'CheckOff_pays_or_only_records',
    (id) => aCheckOff(id, { paymentId: `'${id.payment}'`, slot: 2, daySlot: 2 }),
  ],
  [
    'a check-off that comes to have been backfilled',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', '"isBackfill" = true'),
  ],
  [
    'a check-off that comes to only record',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', '"recordOnly" = true'),
  ],
  [
    'money brought back for a check-off that stands',
    'CheckOff_brought_back_is_undone',
    (id) => `${paid(id)}; ${reversal(id)}; ${setReversal(id, BACK, 'RECORDED')}`,
  ],
  [
    'money brought back that has not arrived',
    'check_off_is_brought_back_once',
    (id) => `${reversal(id)}; ${setReversal(id, BACK)}`,
  ],
  [
    'money brought back by a payment that saves',
    'check_off_is_brought_back_once',
    (id) => `${paid(id)}; ${aPayment(id, { id: `'${BACK}'` })}; ${setReversal(id, BACK)}`,
  ],
  [
    'money brought back twice',
    'check_off_is_brought_back_once',
    (id) =>
      `${paid(id)}; ${reversal(id)}; ${setReversal(id, BACK)}; ${reversal(id, BACK_AGAIN)}; ${setReversal(id, BACK_AGAIN)}`,
  ],
  [
    'money brought back again after it has come back',
    'check_off_is_brought_back_once',
    (id) =>
      `${paid(id)}; ${reversal(id)}; ${setReversal(id, BACK)}; ${along(BACK, ARRIVING)}; ${reversal(id, BACK_AGAIN)}; ${setReversal(id, BACK_AGAIN)}`,
  ],
  [
    'more brought back than was saved',
    'payment_is_the_sum_of_its_check_offs',
    (id) => `${paid(id)}; ${reversal(id, BACK, 2_501)}; ${setReversal(id, BACK)}`,
  ],
  [
    'a way back that brings nothing',
    'payment_is_the_sum_of_its_check_offs',
    (id) => `${paid(id)}; ${reversal(id)}`,
  ],
  [
    'a check-off handed to another payment while its own may move money',
    'check_off_keeps_its_payment',
    (id) =>
      `${aPayment(id, { id: `'${BACK}'` })}; UPDATE "CheckOff" SET "paymentId" = '${BACK}' WHERE id = '${id.checkOff}'`,
  ],
  [
    'a check-off handed to another payment after its own has paid',
    'check_off_keeps_its_payment',
    (id) =>
      `${paid(id)}; ${aPayment(id, { id: `'${BACK}'` })}; UPDATE "CheckOff" SET "paymentId" = '${BACK}' WHERE id = '${id.checkOff}'`,
  ],
  [
    'another amount of a recorded check-off',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', '"amountMinor" = 1'),
  ],
  [
    'another day of a recorded check-off',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', `day = '2026-06-18'`),
  ],
  [
    'another place of a recorded check-off',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', 'slot = 2'),
  ],
  [
    'another instant of a recorded check-off',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', 'at = now()'),
  ],
  [
    'another currency of a recorded check-off',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', `currency = 'EUR'`),
  ],
  [
    'an undone check-off that comes back',
    'check_off_is_settled',
    (id) => `
    UPDATE "CheckOff" SET state = 'UNDONE', "undoneAt" = now() WHERE id = '${id.checkOff}';
    UPDATE "CheckOff" SET state = 'RECORDED', "undoneAt" = NULL WHERE id = '${id.checkOff}'`,
  ],

  ['a payment of nothing', 'Payment_amount_positive', update('Payment', 'payment', '"amountMinor" = 0')],
  [
    'a payment from an account to itself',
    'Payment_two_accounts',
    update('Payment', 'payment', '"creditorAccountId" = "debtorAccountId"'),
  ],
  [
    "a payment from somebody else's account",
    'Payment_debtorAccountId_userId_fkey',
    (id) => `UPDATE "Payment" SET "debtorAccountId" = '${id.foreignAccount}' WHERE id = '${id.payment}'`,
  ],
  [
    "a payment to somebody else's account",
    'Payment_creditorAccountId_userId_fkey',
    (id) => `UPDATE "Payment" SET "creditorAccountId" = '${id.foreignAccount}' WHERE id = '${id.payment}'`,
  ],
  [
    'a reference in small letters',
    'Payment_reference_form',
    (id) => aPayment(id, { reference: `'abcdefghjkmn'` }),
  ],
  [
    'a reference of 11 characters',
    'Payment_reference_form',
    (id) => aPayment(id, { reference: `'ABCDEFGHJKM'` }),
  ],
  [
    'one reference twice',
    'Payment_reference_key',
    (id) => aPayment(id, { reference: `(SELECT reference FROM "Payment" WHERE id = '${id.payment}')` }),
  ],
  [
    'one external id twice',
    'Payment_externalId_key',
    (id) => aPayment(id, { externalId: `(SELECT "externalId" FROM "Payment" WHERE id = '${id.payment}')` }),
  ],
  [
    'one bank order for two payments',
    'Payment_bankPaymentId_key',
    (id) =>
      `UPDATE "Payment" SET "bankPaymentId" = 'b1' WHERE id = '${id.payment}'; ${aPayment(id, { bankPaymentId: `'b1'` })}`,
  ],
  ['half a lease', 'Payment_lease_whole', update('Payment', 'payment', '"leaseUntil" = now()')],
  [
    'the other half of a lease',
    'Payment_lease_whole',
    update('Payment', 'payment', '"leaseOwner" = gen_random_uuid()'),
  ],
  [
    'an end without an instant',
    'Payment_final_has_instant',
    update('Payment', 'payment', `state = 'CANCELLED', reason = 'x', "nextActionAt" = NULL`),
  ],
  [
    'an instant without an end',
    'Payment_final_has_instant',
    update('Payment', 'payment', '"finalOn" = now()'),
  ],
  [
    'an open payment nobody looks at again',
    'Payment_open_has_next_action',
    update('Payment', 'payment', '"nextActionAt" = NULL'),
  ],
  [
    'an end that is looked at again',
    'Payment_open_has_next_action',
    update('Payment', 'payment', `state = 'CANCELLED', reason = 'x', "finalOn" = now()`),
  ],
  [
    'a cancelled payment without a reason',
    'Payment_reason_where_needed',
    update('Payment', 'payment', `state = 'CANCELLED', "finalOn" = now(), "nextActionAt" = NULL`),
  ],
  [
    'a blocked payment without a reason',
    'Payment_reason_where_needed',
    update('Payment', 'payment', `state = 'BLOCKED'`),
  ],
  [
    "an order at the bank without the bank's id",
    'Payment_known_to_the_bank',
    (id) => `
    UPDATE "Payment" SET state = 'SENDING' WHERE id = '${id.payment}';
    UPDATE "Payment" SET state = 'INITIATED' WHERE id = '${id.payment}'`,
  ],
  ['a payment that begins sent', 'payment_moves', (id) => aPayment(id, { state: `'SENDING'` })],
  [
    'a payment that begins paid',
    'payment_moves',
    (id) => aPayment(id, { state: `'PAID'`, finalOn: 'now()', nextActionAt: 'NULL', bankPaymentId: `'b2'` }),
  ],
  [
    'another external id',
    'payment_identity',
    update('Payment', 'payment', '"externalId" = gen_random_uuid()'),
  ],
  ['another reference', 'payment_identity', update('Payment', 'payment', `reference = 'ABCDEFGHJKMN'`)],
  ['another currency', 'payment_identity', update('Payment', 'payment', `currency = 'EUR'`)],
  [
    'another owner',
    'payment_identity',
    (id) => `UPDATE "Payment" SET "userId" = '${id.other}' WHERE id = '${id.payment}'`,
  ],
  ['another amount once it is being sent', 'payment_order_is_settled', sent('"amountMinor" = 1')],
  [
    'another target once it is being sent',
    'payment_order_is_settled',
    (id) => sent(`"creditorAccountId" = '${id.foreignAccount}'`)(id),
  ],
  [
    'another order at the bank',
    'payment_bank_order',
    (id) => `
    UPDATE "Payment" SET "bankPaymentId" = 'b3' WHERE id = '${id.payment}';
    UPDATE "Payment" SET "bankPaymentId" = 'b4' WHERE id = '${id.payment}'`,
  ],
  [
    'a forgotten order at the bank',
    'payment_bank_order',
    (id) => `
    UPDATE "Payment" SET "bankPaymentId" = 'b3' WHERE id = '${id.payment}';
    UPDATE "Payment" SET "bankPaymentId" = NULL WHERE id = '${id.payment}'`,
  ],
  [
    'a payment of more than its check-offs',
    'payment_is_the_sum_of_its_check_offs',
    update('Payment', 'payment', '"amountMinor" = 2501'),
  ],
  ['a payment without a check-off', 'payment_is_the_sum_of_its_check_offs', (id) => aPayment(id, {})],
  [
    'a check-off added to a payment',
    'payment_is_the_sum_of_its_check_offs',
    (id) => aPaidCheckOff(id, id.payment, { slot: 2, daySlot: 2 }),
  ],
  [
    'a check-off undone while its payment goes on',
    'payment_is_the_sum_of_its_check_offs',
    update('CheckOff', 'checkOff', `state = 'UNDONE', "undoneAt" = now()`),
  ],
  [
    'an account that a payment uses removed',
    'Payment_debtorAccountId_userId_fkey',
    (id) => `DELETE FROM "Account" WHERE id = '${id.debtor}'`,
  ],

  [
    'a ledger line of nothing',
    'LedgerLine_amount_not_zero',
    (id) => ledgerLine(id, { amountMinor: 0, afterMinor: 0 }),
  ],
  ['a ledger line that cannot count', 'LedgerLine_before_after', (id) => ledgerLine(id, { afterMinor: 2 })],
  ['half a ledger entry', 'ledger_entry_adds_up', (id) => ledgerLine(id, {})],
  [
    'a ledger entry that does not add up',
    'ledger_entry_adds_up',
    (id) => entry(ledgerLine(id, {}), ledgerLine(id, { amountMinor: -2, afterMinor: -2 })),
  ],
  [
    'a ledger entry in two currencies',
    'LedgerLine_paymentId_userId_currency_fkey',
    (id) => entry(ledgerLine(id, {}), ledgerLine(id, { amountMinor: -1, afterMinor: -1, currency: `'EUR'` })),
  ],
  [
    'a balance below nothing',
    'LedgerBalance_not_negative',
    (id) =>
      `UPDATE "LedgerBalance" SET "balanceMinor" = -1 WHERE "habitId" = '${id.habit}' AND bucket = 'PLEDGED'`,
  ],
  [
    "a ledger line on somebody else's habit",
    'LedgerLine_habitId_userId_fkey',
    (id) => ledgerLine(id, { habitId: `'${id.foreignHabit}'` }),
  ],

  ['a stop without a reason', 'PaymentStop_reason_length', () => aStop({ reason: `''` })],
  [
    'a stop that ends before it begins',
    'PaymentStop_ends_later',
    () => aStop({ endedOn: `now() - interval '1 second'` }),
  ],
  ['a second stop', 'PaymentStop_one_open', () => `${aStop({})}; ${aStop({})}`],
  [
    'a payment sent while all are stopped',
    'payments_are_stopped',
    (id) => `${aStop({})}; ${along(id.payment, ['SENDING'])}`,
  ],
  [
    'a payment sent again while all are stopped',
    'payments_are_stopped',
    (id) => `${along(id.payment, ['SENDING', 'UNKNOWN'])}; ${aStop({})}; ${along(id.payment, ['SENDING'])}`,
  ],
  [
    'a payment confirmed while all are stopped',
    'payments_are_stopped',
    (id) =>
      `${along(id.payment, ['SENDING', 'INITIATED'])}; ${aStop({})}; ${along(id.payment, ['CONFIRMING'])}`,
  ],
  [
    'a bank that failed less than never',
    'BankGate_failures_not_negative',
    () => `INSERT INTO "BankGate" (host, failures, "nextSlotAt") VALUES ('bank', -1, now())`,
  ],
  [
    'one difference found twice as two',
    'ReconciliationDifference_one_open',
    () => `${aDifference()}; ${aDifference()}`,
  ],

  [
    'a bank call with a book in it',
    'BankCall_bodies_bounded',
    () => `
    INSERT INTO "BankCall" (id, at, actor, api, method, path, outcome, "durationMs", "requestBody")
    VALUES (gen_random_uuid(), now(), 'worker', 'payments', 'GET', '/', 'ok', 1, repeat('x', 20001))`,
  ],

  [
    'a check-off removed',
    'history_is_only_added_to',
    (id) => `DELETE FROM "CheckOff" WHERE id = '${id.checkOff}'`,
  ],
  [
    'a payment removed',
    'history_is_only_added_to',
    (id) => `DELETE FROM "Payment" WHERE id = '${id.payment}'`,
  ],
  [
    'a check-off taken off its payment',
    'check_off_keeps_its_payment',
    update('CheckOff', 'checkOff', '"paymentId" = NULL'),
  ],
  [
    'another zone for a check-off',
    'check_off_is_settled',
    update('CheckOff', 'checkOff', `timezone = 'UTC'`),
  ],
  [
    'another amount in an old version',
    'history_is_only_added_to',
    update('HabitVersion', 'version', '"amountMinor" = 1'),
  ],
  [
    'a new kind of move',
    'history_is_only_added_to',
    () => `INSERT INTO "PaymentMove" ("from", "to") VALUES ('PAID', 'SCHEDULED')`,
  ],
  [
    'a ledger line for a check-off that is none',
    'LedgerLine_checkOffId_habitId_fkey',
    (id) => ledgerLine(id, { checkOffId: 'gen_random_uuid()' }),
  ],

  ...['PaymentEvent', 'LedgerLine', 'AuditEvent', 'PaymentMove'].flatMap((table): Attempt[] => [
    [`${table} emptied`, 'history_is_only_added_to', () => `TRUNCATE "${table}" CASCADE`],
    [`a row of ${table} removed`, 'history_is_only_added_to', () => `DELETE FROM "${table}"`],
    [
      `a row of ${table} changed`,
      'history_is_only_added_to',
      () => `UPDATE "${table}" SET ${table === 'PaymentMove' ? '"to" = "to"' : 'id = id'}`,
    ],
  ]),
]

describe('the database refuses', () => {
  test.each(ATTEMPTS)('%s (%s)', async (_what, rule, statement) => {
    expect(await refusalOf(statement(ids))).toBe(rule)
  })

  test('nothing of this has left a trace', async () => {
    expect(await db.prisma.payment.count()).toBe(1)
    expect(await db.prisma.checkOff.count()).toBe(1)
    expect((await db.prisma.payment.findFirstOrThrow()).state).toBe('SCHEDULED')
  })
})

describe('what the attempts above change is taken when it obeys', () => {
  test.each<[string, (id: typeof ids) => string]>([
    ['a habit version', version({})],
    ['a check-off that only records', (id) => aCheckOff(id, { slot: 2, daySlot: 2 })],
    [
      'a payment with its check-off',
      (id) => `${aPayment(id, { id: `'${SECOND}'` })}; ${aPaidCheckOff(id, SECOND, { slot: 2, daySlot: 2 })}`,
    ],
    ['money brought back', (id) => `${paid(id)}; ${reversal(id)}; ${setReversal(id, BACK)}`],
    [
      'money brought back by a second payment after the first came to nothing',
      (id) =>
        `${paid(id)}; ${reversal(id)}; ${setReversal(id, BACK)}; ${along(BACK, ['CANCELLED'])}; ${reversal(id, BACK_AGAIN)}; ${setReversal(id, BACK_AGAIN)}`,
    ],
    [
      'a check-off handed to another payment after its own came to nothing',
      (id) =>
        `${along(id.payment, ['CANCELLED'])}; ${aPayment(id, { id: `'${BACK}'` })}; UPDATE "CheckOff" SET "paymentId" = '${BACK}' WHERE id = '${id.checkOff}'`,
    ],
    ['limits, withdrawn before they begin', (id) => changedLimits(id, `"withdrawnOn" = now()`)],
    [
      'what the bank answers while all are stopped',
      (id) =>
        `${along(id.payment, ['SENDING', 'INITIATED', 'CONFIRMING'])}; ${aStop({})}; ${along(id.payment, ['PAID'])}`,
    ],
    [
      'a second stop after the first',
      (id) =>
        `${aStop({})}; UPDATE "PaymentStop" SET "endedOn" = now(); ${aStop({})}; UPDATE "PaymentStop" SET "endedOn" = now(); ${along(id.payment, ['SENDING'])}`,
    ],
    [
      'a difference that is gone and found again',
      () => `${aDifference()}; UPDATE "ReconciliationDifference" SET "goneOn" = now(); ${aDifference()}`,
    ],
    [
      'a whole ledger entry',
      (id) => entry(ledgerLine(id, {}), ledgerLine(id, { amountMinor: -1, afterMinor: -1 })),
    ],
    [
      'an ended consent without tokens, and a new one',
      (id) =>
        `${update('BankConsent', 'consent', '"revokedAt" = now(), "accessTokenSealed" = NULL, "refreshTokenSealed" = NULL')(id)}; ${copyOf('BankConsent', id.consent, { revokedAt: 'NULL' })}`,
    ],
    [
      'a place that was given back',
      (id) => `
      UPDATE "Payment" SET state = 'CANCELLED', reason = 'x', "finalOn" = now(), "nextActionAt" = NULL WHERE id = '${id.payment}';
      UPDATE "CheckOff" SET state = 'UNDONE', "undoneAt" = now() WHERE id = '${id.checkOff}'; ${aCheckOff(id, {})}`,
    ],
  ])('%s', async (_what, statement) => {
    expect(await refusalOf(statement(ids))).toBeNull()
  })
})

describe('a payment moves by the table alone: of all 144 pairs, from', () => {
  test.each(Object.values(PaymentState))('%s', async (from) => {
    const taken = await inThrowaway(async (client) => {
      for (const state of pathTo(from)) await client.query(moveTo(state))
      const reached: PaymentState[] = []
      for (const to of Object.values(PaymentState)) {
        await client.query('SAVEPOINT before')
        const refusal = await client.query(moveTo(to)).then(
          () => null,
          (error) => error.constraint,
        )
        if (refusal === null) reached.push(to)
        else expect(refusal, `${from} → ${to}`).toBe('payment_moves')
        await client.query('ROLLBACK TO before')
      }
      return reached
    })
    // Staying is no move.
    const allowed = Object.values(PaymentState).filter((to) => to === from || mayMove(from, to))
    expect(taken).toEqual(allowed)
  })
})

const SECOND = '00000000-0000-4000-8000-000000000002'
const BACK = '00000000-0000-4000-8000-000000000003'
const BACK_AGAIN = '00000000-0000-4000-8000-000000000004'

/** @returns the rule that refused it, or null; whatever happens is rolled back. */
function refusalOf(statement: string): Promise<string | null> {
  return inThrowaway(async (client) => {
    try {
      await client.query(statement)
      await client.query('SET CONSTRAINTS ALL IMMEDIATE')
      return null
    } catch (error) {
      const { constraint, message } = error as { constraint?: string; message: string }
      return constraint ?? message
    }
  })
}

async function inThrowaway<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await db.pool.connect()
  try {
    await client.query('BEGIN')
    return await work(client)
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

function moveTo(state: PaymentState, id = ids.payment): string {
  const ends = isFinal(state)
  return `UPDATE "Payment" SET state = '${state}', reason = 'x', "bankPaymentId" = 'b-${id}',
    "finalOn" = ${ends ? 'now()' : 'NULL'}, "nextActionAt" = ${ends ? 'NULL' : 'now()'} WHERE id = '${id}'`
}

function along(id: string, states: readonly PaymentState[]): string {
  return states.map((state) => moveTo(state, id)).join(';')
}

function paid(id: typeof ids): string {
  return along(id.payment, ARRIVING)
}

/** The shortest way from a new payment. */
function pathTo(goal: PaymentState): PaymentState[] {
  const ways: PaymentState[][] = [[]]
  for (const way of ways) {
    const last = way.at(-1) ?? 'SCHEDULED'
    if (last === goal) return way
    if (way.length < 5) ways.push(...MOVES[last].map((next) => [...way, next]))
  }
  throw new Error(`no way to ${goal}`)
}

function insert(table: string, row: Record<string, string | number>): string {
  const columns = Object.keys(row).map((column) => `"${column}"`)
  return `INSERT INTO "${table}" (${columns.join()}) VALUES (${Object.values(row).join()})`
}

function copyOf(table: string, id: string, changes: Record<string, string>): string {
  const change = Object.entries({ id: 'gen_random_uuid()', ...changes })
  const columns = change.map(([column]) => `'${column}', ${changes[column] ?? 'gen_random_uuid()'}`)
  return `INSERT INTO "${table}" SELECT (jsonb_populate_record(t, jsonb_build_object(${columns.join()}))).* FROM "${table}" t WHERE id = '${id}'`
}

function token(userId: string, purpose: string, hash: string, created = '0', expires = '1 hour'): string {
  return insert('EmailToken', {
    id: 'gen_random_uuid()',
    userId: `'${userId}'`,
    purpose: `'${purpose}'`,
    hashedToken: `'${hash}'`,
    createdOn: `now() + interval '${created}'`,
    expiresOn: `now() + interval '${expires}'`,
  })
}

function version(facts: Record<string, string | number>): (id: typeof ids) => string {
  return (id) =>
    insert('HabitVersion', {
      id: 'gen_random_uuid()',
      habitId: `'${id.habit}'`,
      number: 2,
      effectiveFrom: `'2026-06-17'`,
      frequency: 10,
      interval: 1,
      amountMinor: 1_000_000,
      currency: `'DKK'`,
      createdOn: 'now()',
      ...facts,
    })
}

function aCheckOff(id: typeof ids, facts: Record<string, string | number>): string {
  return insert('CheckOff', {
    id: 'gen_random_uuid()',
    userId: `'${id.user}'`,
    habitId: `'${id.habit}'`,
    habitVersionId: `'${id.version}'`,
    day: `'2026-06-17'`,
    at: 'now()',
    timezone: `'UTC'`,
    dayStartHour: 0,
    period: `'2026-06-17'`,
    slot: 1,
    daySlot: 1,
    amountMinor: 2_500,
    currency: `'DKK'`,
    recordOnly: 'true',
    ...facts,
  })
}

function aPaidCheckOff(id: typeof ids, paymentId: string, facts: Record<string, string | number>): string {
  return aCheckOff(id, { paymentId: `'${paymentId}'`, recordOnly: 'false', ...facts })
}

function aPayment(id: typeof ids, facts: Record<string, string | number>): string {
  return insert('Payment', {
    id: `'${randomUUID()}'`,
    userId: `'${id.user}'`,
    externalId: 'gen_random_uuid()',
    reference: `'${randomReference()}'`,
    debtorAccountId: `'${id.debtor}'`,
    creditorAccountId: `'${id.creditor}'`,
    amountMinor: 2_500,
    currency: `'DKK'`,
    dueAt: 'now()',
    nextActionAt: 'now()',
    createdOn: 'now()',
    ...facts,
  })
}

/** A payment the other way round. */
function reversal(id: typeof ids, own = BACK, amountMinor = 2_500): string {
  return aPayment(id, {
    id: `'${own}'`,
    kind: `'REVERSAL'`,
    debtorAccountId: `'${id.creditor}'`,
    creditorAccountId: `'${id.debtor}'`,
    amountMinor,
  })
}

function setReversal(id: typeof ids, reversalId: string, state = 'UNDONE'): string {
  const undone = state === 'UNDONE' ? `, state = 'UNDONE', "undoneAt" = timestamptz '2026-06-18Z'` : ''
  return `UPDATE "CheckOff" SET "reversalId" = '${reversalId}'${undone} WHERE id = '${id.checkOff}'`
}

function limits(facts: Record<string, string | number>): (id: typeof ids) => string {
  return (id) =>
    insert('SavingLimits', {
      id: 'gen_random_uuid()',
      userId: `'${id.user}'`,
      effectiveFrom: `now() + interval '1 day'`,
      capPerPaymentMinor: 1,
      capPerDayMinor: 1,
      capPerMonthMinor: 1,
      floorMinor: 0,
      createdOn: 'now()',
      ...facts,
    })
}

function changedLimits(id: typeof ids, change: string): string {
  return `${limits({})(id)}; UPDATE "SavingLimits" SET ${change}`
}

function aStop(facts: Record<string, string>): string {
  return insert('PaymentStop', { id: 'gen_random_uuid()', reason: `'x'`, startedOn: 'now()', ...facts })
}

function aDifference(): string {
  return insert('ReconciliationDifference', {
    id: 'gen_random_uuid()',
    kind: `'x'`,
    objectKey: `'y'`,
    detail: `'{}'`,
    firstSeenOn: 'now()',
    lastSeenOn: 'now()',
  })
}

function sent(change: string): (id: typeof ids) => string {
  return (id) => `
    UPDATE "Payment" SET state = 'SENDING' WHERE id = '${id.payment}';
    UPDATE "Payment" SET ${change} WHERE id = '${id.payment}'`
}

function ledgerLine(id: typeof ids, facts: Record<string, string | number>): string {
  return insert('LedgerLine', {
    id: 'gen_random_uuid()',
    entryId: `'${SECOND}'`,
    userId: `'${id.user}'`,
    habitId: `'${id.habit}'`,
    paymentId: `'${id.payment}'`,
    checkOffId: `'${id.checkOff}'`,
    bucket: `'OPEN'`,
    currency: `'DKK'`,
    amountMinor: 1,
    beforeMinor: 0,
    afterMinor: 1,
    at: 'now()',
    ...facts,
  })
}

function entry(...lines: string[]): string {
  return lines.join(';')
}

test('the unused stranger of this file can be removed, because nothing of theirs moved money', async () => {
  const nobody = await newUser(worldAt(db))
  await db.prisma.user.delete({ where: { id: nobody.id } })
  expect(await db.prisma.user.findUnique({ where: { id: nobody.id } })).toBeNull()
})
