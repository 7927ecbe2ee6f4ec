/** What the app's pages offer, read out of their HTML. */

/** The place that a habit's button takes, and by which version of the habit. */
export interface Offer {
  habitId: string
  day: string
  slot: string
  version: string
}

const UUID = '[0-9a-f-]{36}'

export function offersOn(html: string): Offer[] {
  const forms = html.matchAll(new RegExp(`action="/habits/(${UUID})/checkoff">([\\s\\S]*?)</form>`, 'g'))
  return [...forms].map(([, habitId = '', form = '']) => ({
    habitId,
    day: hidden(form, 'day'),
    slot: hidden(form, 'slot'),
    version: hidden(form, 'version'),
  }))
}

/** The check-off that was made last and can still be taken back, on a habit's page. */
export function undoableOn(html: string): string | null {
  return new RegExp(`action="/checkoffs/(${UUID})/undo"`).exec(html)?.[1] ?? null
}

/** The sentences at the top of a page. */
export function flashesOn(html: string): string[] {
  const flashes = html.matchAll(/<div class="flash flash--[\s\S]*?<p>([\s\S]*?)<\/p>/g)
  return [...flashes].map(([, text = '']) => text)
}

/** The values of a form's choices. */
export function choicesOf(html: string, field: string): string[] {
  const choices = html.matchAll(new RegExp(`name="${field}"[^>]*?value="([0-9a-f]{64})"`, 'g'))
  return [...choices].map(([, value = '']) => value)
}

function hidden(form: string, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]+)"`).exec(form)?.[1]
  if (!value) throw new Error(`the form has no ${name}: ${form}`)
  return value
}
