/*
 * A form that asks for a proof of work gets it in the background, from the moment somebody begins to fill it in:
 *   <form> … <div data-proof="{…}" data-worker="/js/…"> <p data-words></p> <progress></progress> </div> </form>
 * What it says meanwhile comes with the part: data-working, data-waiting, data-done and data-failed.
 * Sending waits for it. Where it can't be done, the form is sent without, and the server takes fewer of those.
 */
const GIVE_UP_AFTER_MS = 60_000

const part = document.querySelector('form [data-proof]')
if (part && 'Worker' in globalThis && globalThis.crypto?.subtle) attend(part.closest('form'), part)

function attend(form, part) {
  let work = null
  let isWaiting = false
  const begin = () => {
    work ??= solve(part)
    return work
  }
  form.addEventListener('focusin', begin)
  form.addEventListener('submit', async (event) => {
    if (part.dataset.over) return
    event.preventDefault()
    if (isWaiting) return
    isWaiting = true
    const working = begin()
    say(part, part.dataset.waiting)
    await working
    form.requestSubmit(event.submitter)
  })
}

/** Resolves when the form may be sent, with what was found or, when it can't be done, without. */
function solve(part) {
  const challenge = JSON.parse(part.dataset.proof)
  const bar = part.querySelector('progress')
  bar.hidden = false
  say(part, part.dataset.working)
  return new Promise((resolve) => {
    const worker = new Worker(part.dataset.worker)
    const end = (solution) => {
      clearTimeout(timer)
      worker.terminate()
      bar.hidden = true
      say(part, solution ? part.dataset.done : part.dataset.failed)
      if (solution) part.append(hidden('_proof', btoa(JSON.stringify({ challenge, solution }))))
      part.dataset.over = 'true'
      resolve()
    }
    const timer = setTimeout(end, GIVE_UP_AFTER_MS, null)
    worker.addEventListener('error', () => end(null))
    worker.addEventListener('message', ({ data }) => {
      if ('solution' in data) end(data.solution)
      else bar.value = data.share
    })
    worker.postMessage(challenge.parameters)
  })
}

function say(part, words) {
  part.querySelector('[data-words]').textContent = words
}

function hidden(name, value) {
  const field = document.createElement('input')
  return Object.assign(field, { type: 'hidden', name, value })
}
