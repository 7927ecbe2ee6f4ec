import { type Clock, SECOND } from '../../clock.ts'
import { formatMoney } from '../../format.ts'
import { currentLanguage, type Language } from '../../language.ts'
import { currentRequestId, type Logger } from '../../logger.ts'
import { workerActor } from '../../models/context.ts'
import type { Models } from '../../models/index.ts'
import { STALE_AFTER_MS, type ToSay } from '../../models/reminder.ts'
import type { Push } from '../../push/index.ts'
import type { Jobs } from '../queue.ts'
import { inLanguageOf } from './letters.ts'
import { headline } from './reminder-letters.ts'

export interface SendPushDeps {
  models: Pick<Models, 'reminders' | 'pushSubscriptions'>
  /** Null where notifications are off. */
  push: Push | null
  clock: Clock
  log: Logger
}

class NotTaken extends Error {}

/** One notification to one browser. @throws when it is to be tried again; the queue waits longer each time. */
export function createSendPush({ models: { reminders, pushSubscriptions }, push, clock, log }: SendPushDeps) {
  return async function sendPush({ userId, subscriptionId, reminderId }: Jobs['send-push']): Promise<void> {
    if (!push) return
    const toSay = await reminders.toSay(userId, reminderId)
    const target = toSay && (await pushSubscriptions.target(userId, subscriptionId))
    if (!toSay || !target) return
    const notification = inLanguageOf(toSay.user, () => notificationOf(toSay))
    const outcome = await push.send(target, JSON.stringify(notification), ttlOf(toSay))
    const by = workerActor(currentRequestId())
    switch (outcome.kind) {
      case 'taken':
        return pushSubscriptions.noteTaken(subscriptionId)
      case 'gone':
        await pushSubscriptions.remove(userId, subscriptionId, by)
        return
      case 'refused':
        log.warn('a push service has refused a message', { subscriptionId, because: outcome.because })
        return pushSubscriptions.noteRefusal(userId, subscriptionId, by)
      case 'later':
        throw new NotTaken(`the push service did not take it: ${outcome.because}`)
    }
  }

  /** As long as it would not be too late. */
  function ttlOf({ reminder }: ToSay): number {
    const leftMs = reminder.dueAt.getTime() + STALE_AFTER_MS - clock.now().getTime()
    return Math.max(0, Math.floor(leftMs / SECOND))
  }
}

/** What the service worker shows. */
interface Notification {
  title: string
  body: string
  tag: string
  lang: Language
}

/** Read by the service worker, which leads to the dashboard and nowhere else. */
function notificationOf({ habits, wish, reminder }: ToSay): Notification {
  const lines = habits.map(({ habit, version }) =>
    wish.tellsAmounts ? `${habit.name} · ${formatMoney(version.amountMinor, version.currency)}` : habit.name,
  )
  const body = lines.length === 1 && !wish.tellsAmounts ? '' : shortened(lines)
  return {
    title: headline(habits.map(({ habit }) => habit.name)),
    body,
    tag: reminder.id,
    lang: currentLanguage(),
  }
}

/** What a screen shows, and a message holds. */
const MOST_LINES = 5

function shortened(lines: readonly string[]): string {
  const more = lines.length > MOST_LINES ? ['…'] : []
  return [...lines.slice(0, MOST_LINES), ...more].join('\n')
}
