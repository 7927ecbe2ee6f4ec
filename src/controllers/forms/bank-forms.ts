import { z } from 'zod'
import { COUNTRIES, type Country, normaliseIban } from '../../bank/index.ts'
import { t, term } from '../../language.ts'
import { CURRENCIES } from '../../money.ts'
import { amountEachTime } from './amount.ts'
import { line, told } from './form.ts'

/** @param missing a `term`. */
export const hashed = (missing: string) => z.string(told(missing)).regex(/^[0-9a-f]{64}$/, told(missing))

export const connectForm = z.strictObject({
  country: z.enum(COUNTRIES, told('Choose the country of your bank account.')),
})

export const accountsForm = z.strictObject({
  debtorAccount: hashed(term('Choose the account the money comes from.')),
  creditorAccount: hashed(term('Choose the account the money goes to.')),
})

/** What the bank sends the browser back with; anything else it adds is ignored. */
export const callbackQuery = z.object({
  state: z.string().min(20).max(200),
  code: z.string().min(1).max(4_000).optional(),
  error: z.string().max(200).optional(),
  iss: z.string().max(500).optional(),
})

export const SANDBOX_MOST_MINOR = 100_000_000

/** How the sandbox wants the number of a new account, by country. */
const NEW_NUMBERS: Record<Country, { type: string; form: RegExp; words: string }> = {
  DK: { type: 'BBAN_DK', form: /^\d{14}$/, words: term('A Danish account number has 14 digits.') },
  SE: { type: 'BBAN_SE', form: /^\d{11}$/, words: term('A Swedish account number has 11 digits.') },
  NO: { type: 'BBAN_NO', form: /^\d{11}$/, words: term('A Norwegian account number has 11 digits.') },
  FI: {
    type: 'IBAN',
    form: /^FI\d{16}$/,
    words: term('Use a Finnish IBAN: FI and 16 digits, the first two of them right.'),
  },
}

export const newAccountForm = z
  .strictObject({
    country: z.enum(COUNTRIES, told('Choose a country.')),
    currency: z.enum(CURRENCIES, told('Choose a currency.')),
    accountName: line({ missing: term('Give the account a name.'), max: 35 }),
    accountNumber: line({ missing: term('Enter an account number.'), max: 34 }),
    kind: z.enum(['current', 'savings'], told('Choose a kind.')),
    balance: openingBalance(),
  })
  .transform(({ accountNumber, ...form }, context) => {
    const { type, form: shape, words } = NEW_NUMBERS[form.country]
    const value = accountNumber.replace(/[\s.-]/g, '').toUpperCase()
    if (shape.test(value) && (type !== 'IBAN' || normaliseIban(value)))
      return { ...form, number: { type, value } }
    context.addIssue({ code: 'custom', path: ['accountNumber'], message: t(words) })
    return z.NEVER
  })

export const newAccountQuery = z.object({ country: z.enum(COUNTRIES) })

export const deleteAccountForm = z.strictObject({
  account: hashed(term('Choose an account.')),
  sure: z.literal('on', told('Tick this to delete the account for good.')),
})

export const addFundsForm = z.strictObject({
  account: hashed(term('Choose an account.')),
  amount: amountEachTime(SANDBOX_MOST_MINOR),
  text: line({ missing: term('Enter a text for the statement.'), max: 35 }),
})

export const sandboxPaymentForm = z
  .strictObject({
    debtorAccount: hashed(term('Choose the account the money comes from.')),
    creditorAccount: hashed(term('Choose the account the money goes to.')),
    amount: amountEachTime(SANDBOX_MOST_MINOR),
  })
  .refine((form) => form.debtorAccount !== form.creditorAccount, {
    ...told('Choose two different accounts.'),
    path: ['creditorAccount'],
  })

export type SandboxPaymentForm = z.output<typeof sandboxPaymentForm>

/** The bank's own id of an order: opaque, so only what no id can be is refused. */
export const bankOrderParam = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/)
  .refine((id) => id !== '.' && id !== '..')

/** A new account may be empty. */
function openingBalance() {
  const amount = amountEachTime(SANDBOX_MOST_MINOR)
  return z
    .string(told('Enter an amount, or 0.'))
    .trim()
    .transform((text, context) => {
      if (/^0+(?:[.,]0{1,2})?$/.test(text)) return 0
      const reading = amount.safeParse(text)
      if (reading.success) return reading.data
      context.addIssue(reading.error.issues[0]?.message ?? t('Enter an amount, or 0.'))
      return z.NEVER
    })
}
