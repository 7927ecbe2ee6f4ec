import { formatInFull } from '../../format.ts'
import { currentLocale, t } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import { browserWords } from '../../models/device.ts'
import { paths } from '../../paths.ts'
import { composeLetter } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl'>

/** Somebody is in, from a country that nobody has signed in from before. @param country ISO 3166-1, two letters. */
export async function newCountryLetter(
  { models, baseUrl }: Deps,
  { userId, country }: { userId: string; country: string },
): Promise<Letter | null> {
  const user = await models.users.find(userId)
  const arrival = await models.countries.arrivalFrom(userId, country)
  if (!user || !arrival) return null
  const place = countryName(country)
  const when = formatInFull(arrival.at, user.timezone)
  return composeLetter(user.email, {
    subject: t('A sign-in from {place}', { place }),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        'Somebody, probably you, has signed in to your Sparvana account from {place}, where nobody has signed in to it before: with {browser}, on {when}.',
        { place, browser: browserWords(arrival.browser), when },
      ),
      t(
        'What an address says about a country is not always right. Where you are signed in is shown under Password and security.',
      ),
    ],
    action: { label: t('It was not me: choose a new password'), href: baseUrl + paths.passwordForgot },
    ending: t('If it was you, there is nothing to do.'),
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
    subject: t('Is this your browser?'),
    paragraphs: [
      t('Hello {name},', { name: user.fullName }),
      t(
        'Somebody, probably you, wants to move money in a browser that we don’t know yet: {browser}. Open this link in that browser. It works once, for 30 minutes.',
        { browser: browserWords(browser.label) },
      ),
    ],
    action: { label: t('It is my browser'), href: baseUrl + paths.browserLink(token) },
    ending: t('If it was not you, somebody knows your password. Choose a new one: {address}', {
      address: baseUrl + paths.passwordForgot,
    }),
  })
}

/** @param country ISO 3166-1, two letters; said as they are where they are nobody's. */
function countryName(country: string): string {
  const names = new Intl.DisplayNames(currentLocale(), { type: 'region', fallback: 'code' })
  return names.of(country) ?? country
}
