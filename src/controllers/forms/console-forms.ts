import { z } from 'zod'
import { COUNTRIES } from '../../bank/index.ts'
import { DAY, HOUR, MINUTE } from '../../clock.ts'
import { term } from '../../language.ts'
import { bankOrderParam, hashed } from './bank-forms.ts'
import { line, told, wholeNumber } from './form.ts'

const account = hashed(term('Choose an account.'))
const day = (missing: string) => z.iso.date(told(missing))

/** Of a button that says all by its address. */
export const noFieldsForm = z.strictObject({})

export const accountCallForm = z.strictObject({ account })

export const transactionsCallForm = z
  .strictObject({ account, from: day(term('Enter the first day.')), to: day(term('Enter the last day.')) })
  .refine(({ from, to }) => from <= to, {
    ...told('The last day can’t be before the first.'),
    path: ['to'],
  })

export const orderCallForm = z.strictObject({
  order: z
    .string(told('Enter the bank’s id of an order.'))
    .trim()
    .refine((id) => bankOrderParam.safeParse(id).success, told('Enter the bank’s id of an order.')),
})

export const MOST_CONSENT_DAYS = 180

export const consentCallForm = z.strictObject({
  country: z.enum(COUNTRIES, told('Choose a country.')),
  days: wholeNumber({ missing: term('Enter how many days.'), min: 1, max: MOST_CONSENT_DAYS }),
})

export const NUMBER_TYPES = ['BBAN_DK', 'BBAN_NO', 'BBAN_SE', 'PGNR', 'IBAN'] as const

export const numberForm = z.strictObject({
  numberType: z.enum(NUMBER_TYPES, told('Choose a kind of number.')),
  number: line({ missing: term('Enter an account number.'), max: 34 }),
})

/** What can go wrong at the emulator by kind and route alone; ours are a part of its own. */
export const FAULT_KINDS = [
  'status',
  'rate-limit',
  'drop-before',
  'timeout-before',
  'status-after',
  'drop-after',
  'timeout-after',
  'malformed-json',
  'truncated-json',
  'duplicate-answer',
  'late-status',
  'wrong-amount',
  'token-expired',
  'consent-revoked',
] as const

/** Those that take a while, and how long. */
export const SLOW_FAULT_KINDS = ['delay', 'slow-headers', 'slow-body'] as const

export const faultForm = z.strictObject({
  kind: z.enum([...FAULT_KINDS, ...SLOW_FAULT_KINDS], told('Choose a kind of fault.')),
  route: z
    .string(told('Enter a route.'))
    .trim()
    .max(200, told('Use at most {most} characters.', { most: 200 }))
    .regex(/^(\*|[A-Z]+) [\x21-\x7e]+$/, told('Write a route as "GET */accounts", or "* *" for all.')),
  count: wholeNumber({ missing: term('Enter how many times.'), min: 1, max: 1_000 }),
  delayMs: wholeNumber({ missing: term('Enter milliseconds.'), min: 1, max: 120_000 }),
})

export const CLOCK_UNITS = { minutes: MINUTE, hours: HOUR, days: DAY } as const

export const clockForm = z.strictObject({
  amount: wholeNumber({ missing: term('Enter how far.'), min: 1, max: 1_000 }),
  unit: z.enum(['minutes', 'hours', 'days'], told('Choose a unit.')),
})
