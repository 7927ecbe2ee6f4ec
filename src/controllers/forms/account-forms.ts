import { z } from 'zod'
import { LANGUAGES } from '../../language.ts'
import { isTimezone } from '../../models/habit/schedule.ts'
import { PASSWORD_MAX } from '../../models/password.ts'
import { LEAST_AGE } from '../../models/privacy-notice.ts'
import { line, told, wholeNumber } from './form.ts'

const emailField = z
  .string({ error: 'Enter your e-mail address.' })
  .trim()
  .toLowerCase()
  .min(1, 'Enter your e-mail address.')
  .max(254, 'Use at most 254 characters.')
  .pipe(z.email('Enter an address like name@example.com.'))

const currentPasswordField = z
  .string({ error: 'Enter your password.' })
  .min(1, 'Enter your password.')
  .max(PASSWORD_MAX, `Use at most ${PASSWORD_MAX} characters.`)

const newPasswordField = z
  .string({ error: 'Choose a password.' })
  .min(1, 'Choose a password.')
  .max(PASSWORD_MAX, `Use at most ${PASSWORD_MAX} characters.`)

const repeated = z.string({ error: 'Repeat the password.' }).min(1, 'Repeat the password.')

const samePasswords = {
  check: (form: { password: string; passwordConfirm: string }) => form.password === form.passwordConfirm,
  refusal: { path: ['passwordConfirm'], message: 'The two passwords differ.' },
}

const fullName = line({ missing: 'Enter your name.', max: 100 })

const ticked = (missing: string) => z.literal('yes', { error: missing })

export const signUpForm = z
  .strictObject({
    fullName,
    email: emailField,
    password: newPasswordField,
    passwordConfirm: repeated,
    isOfAge: ticked(`Sparvana is for people of ${LEAST_AGE} years or more.`),
    agrees: ticked('Agree to the privacy notice to sign up.'),
  })
  .refine(samePasswords.check, samePasswords.refusal)

export const signInForm = z.strictObject({ email: emailField, password: currentPasswordField })

/** Of an authenticator or from paper; blanks and hyphens are how people write them. */
export const codeForm = z.strictObject({
  code: z
    .string({ error: 'Enter a code.' })
    .trim()
    .min(1, 'Enter a code.')
    .max(20, 'A code has six digits, or ten characters.'),
})

/** What the browser's script has got from an authenticator, as JSON. */
const passkeyAnswer = z
  .string({ error: 'A passkey needs JavaScript in your browser.' })
  .min(1, 'A passkey needs JavaScript in your browser.')
  .max(14_000, 'That is no passkey’s answer.')

export const passkeyForm = z.strictObject({ answer: passkeyAnswer })

const passkeyLabel = line({ missing: 'Give it a name, so that you know it again.', max: 60 })

export const passkeyNewForm = z.strictObject({ label: passkeyLabel, answer: passkeyAnswer })

export const passkeyRenameForm = z.strictObject({ label: passkeyLabel })

export const sessionMarkForm = z.strictObject({ session: z.string().regex(/^[0-9a-f]{64}$/) })

export const confirmForm = z.strictObject({ password: currentPasswordField })

export const emailForm = z.strictObject({ email: emailField })

export const newEmailForm = z.strictObject({ newEmail: emailField })

export const newPasswordForm = z
  .strictObject({ password: newPasswordField, passwordConfirm: repeated })
  .refine(samePasswords.check, samePasswords.refusal)

export const changePasswordForm = z
  .strictObject({
    passwordCurrent: currentPasswordField,
    code: z.string().trim().max(20, 'A code has six digits, or ten characters.').optional(),
    answer: passkeyAnswer.optional(),
    password: newPasswordField,
    passwordConfirm: repeated,
  })
  .refine(samePasswords.check, samePasswords.refusal)

const languageField = z.enum(LANGUAGES, told('Choose a language from the list.'))

export const preferencesForm = z.strictObject({
  fullName,
  timezone: z
    .string({ error: 'Choose your time zone.' })
    .max(64)
    .refine(isTimezone, 'Choose a time zone from the list.'),
  dayStartHour: wholeNumber({ missing: 'Choose an hour.', min: 0, max: 12 }),
  weekStart: wholeNumber({ missing: 'Choose a day.', min: 1, max: 7 }),
  locale: languageField,
})

export const languageForm = z.strictObject({
  language: languageField,
  back: z.string().max(2_000).optional(),
})
