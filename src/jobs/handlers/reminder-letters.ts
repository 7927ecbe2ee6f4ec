import { formatCount, formatMoney, listed } from '../../format.ts'
import { t, term } from '../../language.ts'
import type { Letter } from '../../mailer.ts'
import type { LetterKind } from '../../models/letter-link.ts'
import type { ToSay } from '../../models/reminder.ts'
import type { Currency } from '../../money.ts'
import { paths } from '../../paths.ts'
import { composeLetter, type Draft } from './letters.ts'
import type { SendMailDeps } from './send-mail.ts'

type Deps = Pick<SendMailDeps, 'models' | 'baseUrl'>

/** Calls habits to mind that are still open. @returns null when none is any more, or mails are not wished for. */
export async function reminderLetter(
  deps: Deps,
  { userId, reminderId }: { userId: string; reminderId: string },
): Promise<Letter | null> {
  const toSay = await deps.models.reminders.toSay(userId, reminderId)
  if (!toSay?.wish.byMail) return null
  return endable(deps, toSay, 'reminders', {
    subject: headline(toSay.habits.map(({ habit }) => habit.name)),
    paragraphs: [
      t('Hello {name},', { name: toSay.user.fullName }),
      t('You have asked to be reminded at this time of what is still open today:'),
      toSay.habits.map(({ habit }) => habit.name).join('\n'),
    ],
    action: { label: t('To today'), href: deps.baseUrl + paths.dashboard },
    ending: t('If it has to wait for another day, that is fine: do nothing.'),
  })
}

/** What is said on a locked screen, and above a letter. */
export function headline(names: readonly string[]): string {
  const [name = ''] = names
  return t('{count, plural, =1 {{name} is still open today} other {# habits are still open today}}', {
    count: names.length,
    name,
  })
}

/** What moved in the week. @returns null when it is too late for it, or no longer wished for. */
export async function digestLetter(
  deps: Deps,
  { userId, reminderId }: { userId: string; reminderId: string },
): Promise<Letter | null> {
  const toSay = await deps.models.reminders.toSay(userId, reminderId)
  if (toSay?.wish.digestWeekday == null) return null
  const week = await deps.models.reminders.weekOf(toSay)
  const facts = [
    t('Check-offs: {count}', { count: formatCount(week.checkOffs) }),
    ...(week.saved.length > 0 ? [t('Saved: {amounts}', { amounts: amounts(week.saved) })] : []),
    ...(week.onItsWay.length > 0 ? [t('On its way: {amounts}', { amounts: amounts(week.onItsWay) })] : []),
  ]
  const streaks = week.streaks.map(({ name, streak }) =>
    t('{habit}: {count} in a row', { habit: name, count: formatCount(streak) }),
  )
  return endable(deps, toSay, 'digest', {
    subject: t('What moved this week'),
    paragraphs: [
      t('Hello {name},', { name: toSay.user.fullName }),
      t('This is what the last seven days have brought:'),
      facts.join('\n'),
      ...(streaks.length > 0 ? [t('Your streaks:'), streaks.join('\n')] : []),
    ],
    action: { label: t('To today'), href: deps.baseUrl + paths.dashboard },
    ending: t('Amounts are those of our books at the moment this was written; your bank has the last word.'),
  })
}

/** A letter that comes by itself says how to end it, to people and to their mail programs. */
function endable(deps: Deps, { user }: ToSay, kind: LetterKind, draft: Draft): Letter {
  const unsubscribe = deps.baseUrl + paths.lettersOff(deps.models.reminders.tokenFor(user.id, kind))
  return {
    ...composeLetter(user.email, { ...draft, way: { label: t(WAYS_OUT[kind]), href: unsubscribe } }),
    unsubscribe,
  }
}

const WAYS_OUT: Record<LetterKind, string> = {
  reminders: term('No more reminders by mail'),
  digest: term('No more letters about the week'),
}

function amounts(sums: readonly [Currency, bigint][]): string {
  return listed(sums.map(([currency, minor]) => formatMoney(minor, currency)))
}
