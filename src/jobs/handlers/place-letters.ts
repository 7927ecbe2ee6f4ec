import type { Letter } from '../../mailer.ts'
import { paths } from '../../paths.ts'
import { composeLetter, inZone } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl'>

const COUNTRY_NAMES = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' })

/** Somebody is in, from a country that nobody has signed in from before. @param country ISO 3166-1, two letters. */
export async function newCountryLetter(
  { models, baseUrl }: Deps,
  { userId, country }: { userId: string; country: string },
): Promise<Letter | null> {
  const user = await models.users.find(userId)
  const arrival = await models.countries.arrivalFrom(userId, country)
  if (!user || !arrival) return null
  const place = COUNTRY_NAMES.of(country)
  return composeLetter(user.email, {
    subject: `A sign-in from ${place}`,
    paragraphs: [
      `Hello ${user.fullName},`,
      `Somebody, probably you, has signed in to your Sparvana account from ${place}, where nobody has signed in to it before: with ${arrival.browser}, on ${inZone(arrival.at, user.timezone)}.`,
      'What an address says about a country is not always right. Where you are signed in is shown under Password and security.',
    ],
    action: { label: 'It was not me: choose a new password', href: baseUrl + paths.passwordForgot },
    ending: 'If it was you, there is nothing to do.',
  })
}

/** The link works in the browser it was asked for in, so a mail that is read elsewhere gives nobody anything. */
export async function confirmBrowserLetter(
  { models, baseUrl }: Deps,
  { userId, browserId }: { userId: string; browserId: string },
): Promise<Letter | null> {
  const browser = await models.browsers.waiting(userId, browserId)
  if (!browser) return null
  const { user, token } = await models.users.mintToken(userId, 'BROWSER', browserId)
  return composeLetter(user.email, {
    subject: 'Is this your browser?',
    paragraphs: [
      `Hello ${user.fullName},`,
      `Somebody, probably you, wants to move money in a browser that we don’t know yet: ${browser.label}. Open this link in that browser. It works once, for 30 minutes.`,
    ],
    action: { label: 'It is my browser', href: baseUrl + paths.browserLink(token) },
    ending: `If it was not you, somebody knows your password. Choose a new one: ${baseUrl}${paths.passwordForgot}`,
  })
}
