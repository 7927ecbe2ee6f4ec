import { z } from 'zod'
import { LANGUAGES, term } from '../../language.ts'
import { isTimezone } from '../../models/habit/schedule.ts'
import { PASSWORD_MAX } from '../../models/password.ts'
import { LEAST_AGE } from '../../models/privacy-notice.ts'
import { line, told, wholeNumber } from './form.ts'

const emailField = z
  .string(told('Enter your e-mail address.'))
  .trim()
  .toLowerCase()
  .min(1, told('Enter your e-mail address.'))
  .max(254, told('Use at most {most} characters.', { most: 254 }))
  .pipe(z.email(told('Enter an address like name@example.com.')))

const currentPasswordField = z
  .string(told('Enter your password.'))
  .min(1, told('Enter your password.'))
  .max(PASSWORD_MAX, told('Use at most {most} characters.', { most: PASSWORD_MAX }))

const newPasswordField = z
  .string(told('Choose a password.'))
  .min(1, told('Choose a password.'))
  .max(PASSWORD_MAX, told('Use at most {most} characters.', { most: PASSWORD_MAX }))

const repeated = z.string(told('Repeat the password.')).min(1, told('Repeat the password.'))

const samePasswords = {
  check: (form: { password: string; passwordConfirm: string }) => form.password === form.passwordConfirm,
  refusal: { ...told('The two passwords differ.'), path: ['passwordConfirm'] },
}

const fullName = line({ missing: term('Enter your name.'), max: 100 })

export const signUpForm = z
  .strictObject({
    fullName,
    email: emailField,
    password: newPasswordField,
    passwordConfirm: repeated,
    isOfAge: z.literal('yes', told('Sparvana is for people of {age} years or more.', { age: LEAST_AGE })),
    agrees: z.literal('yes', told('Agree to the privacy notice to sign up.')),
  })
  .refine(samePasswords.check, samePasswords.refusal)

export const signInForm = z.strictObject({ email: emailField, password: currentPasswordField })

/** Of an authenticator or from paper; blanks and hyphens are how people write them. */
export const codeForm = z.strictObject({
  code: z
    .string(told('Enter a code.'))
    .trim()
    .min(1, told('Enter a code.'))
    .max(20, told('A code has six digits, or ten characters.')),
})

/** What the browser's script has got from an authenticator, as JSON. */
const passkeyAnswer = z
  .string(told('A passkey needs JavaScript in your browser.'))
  .min(1, told('A passkey needs JavaScript in your browser.'))
  .max(14_000, told('That is no passkey’s answer.'))

export const passkeyForm = z.strictObject({ answer: passkeyAnswer })

const passkeyLabel = line({ missing: term('Give it a name, so that you know it again.'), max: 60 })

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
    code: z.string().trim().max(20, told('A code has six digits, or ten characters.')).optional(),
    answer: passkeyAnswer.optional(),
    password: newPasswordField,
    passwordConfirm: repeated,
  })
  .refine(samePasswords.check, samePasswords.refusal)

const languageField = z.enum(LANGUAGES, told('Choose a language from the list.'))

export const preferencesForm = z.strictObject({
  fullName,
  timezone: z
    .string(told('Choose your time zone.'))
    .max(64, told('Choose a time zone from the list.'))
    .refine(isTimezone, told('Choose a time zone from the list.')),
  dayStartHour: wholeNumber({ missing: term('Choose an hour.'), min: 0, max: 12 }),
  weekStart: wholeNumber({ missing: term('Choose a day.'), min: 1, max: 7 }),
  locale: languageField,
})

export const languageForm = z.strictObject({
  language: languageField,
  back: z
    .string()
    .max(2_000, told('Use at most {most} characters.', { most: 2_000 }))
    .optional(),
})
