/*
 * A page that shows a payment on its way asks again by itself and exchanges the part that waits:
 *   <section id="progress" data-refresh-seconds="5" aria-live="polite"> … <a href="">Check again</a> </section>
 * It stops when the new part no longer asks to be refreshed. Without JavaScript the link does the same.
 */
const MOST_TRIES = 40 // then the link is there; a forgotten tab must not ask for ever
const SLOWEST_SECONDS = 60
const SLOWER_EACH_TIME = 1.25

const waiting = document.querySelector('[data-refresh-seconds][id]')
if (waiting) askLater(waiting, Number(waiting.dataset.refreshSeconds), MOST_TRIES)

function askLater(part, seconds, triesLeft) {
  if (!(seconds > 0) || triesLeft === 0) return
  setTimeout(async () => {
    const fresh = isBusy(part) ? part : await ask(part)
    if (!('refreshSeconds' in fresh.dataset)) return
    askLater(fresh, Math.min(seconds * SLOWER_EACH_TIME, SLOWEST_SECONDS), triesLeft - 1)
  }, seconds * 1000)
}

/** Nothing is exchanged in a hidden tab, or under the hands of somebody who is using it. */
function isBusy(part) {
  return document.hidden || part.contains(document.activeElement)
}

/** Form tokens differ in every answer; a part that differs in nothing else has not changed. */
function looks(part) {
  const copy = part.cloneNode(true)
  for (const field of copy.querySelectorAll('[name=_csrf]')) field.removeAttribute('value')
  return copy.innerHTML
}

async function ask(part) {
  try {
    const here = new URL(location.href)
    here.searchParams.set('auto', '1') // nobody has asked for it by hand
    const answer = await fetch(here, { headers: { accept: 'text/html' } })
    if (answer.redirected) location.reload() // signed out, or moved on: let the server show where
    if (!answer.ok) return part
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const fresh = page.getElementById(part.id)
    if (!fresh || looks(fresh) === looks(part) || isBusy(part)) return part
    // The live region itself stays; only then is its new text read out.
    part.replaceChildren(...fresh.childNodes)
    if ('refreshSeconds' in fresh.dataset) part.dataset.refreshSeconds = fresh.dataset.refreshSeconds
    else delete part.dataset.refreshSeconds
    document.title = page.title
    return part
  } catch {
    return part // offline for a moment: ask again next time
  }
}
