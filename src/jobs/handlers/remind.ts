import type { Models } from '../../models/index.ts'

/** Every few seconds: what is due is sent on its way. @returns what there is to say of it, for the job's note. */
export function createRemind({ models }: { models: Pick<Models, 'reminders'> }) {
  return async function remind(): Promise<string | undefined> {
    const { sent, stale } = await models.reminders.tellDue()
    if (stale === 0) return undefined
    return `${stale} stale, ${sent} sent`
  }
}
