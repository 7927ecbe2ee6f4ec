/*
 * A minute before a session ends because nothing has happened, the page asks; what is half filled in is not lost by surprise:
 *   <dialog id="still-there" data-idle-seconds="300" data-keep="/session/keep" data-token="…"> … <button>Stay</button> </dialog>
 * Several tabs share one session: what happens in one of them counts for all.
 */
const WARN_SECONDS = 60
const LOOK_EVERY_MS = 1000
const KEY = 'last-seen'

const dialog = document.querySelector('#still-there')
if (dialog) watch(dialog, Number(dialog.dataset.idleSeconds) * 1000)

function watch(dialog, idleMs) {
  const left = dialog.querySelector('[data-left]')
  seen()
  dialog.querySelector('button').addEventListener('click', () => stay(dialog))
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    stay(dialog)
  })
  setInterval(() => {
    const leftMs = lastSeen() + idleMs - Date.now()
    // The next page says why; a second later, so that the server agrees.
    if (leftMs <= -2000) return location.assign('/login')
    if (leftMs > WARN_SECONDS * 1000) {
      if (dialog.open) dialog.close()
      return
    }
    left.textContent = String(Math.max(0, Math.ceil(leftMs / 1000)))
    if (!dialog.open) dialog.showModal()
  }, LOOK_EVERY_MS)
}

async function stay(dialog) {
  const { keep, token } = dialog.dataset
  const body = new URLSearchParams({ _csrf: token })
  const answer = await fetch(keep, { method: 'POST', body, redirect: 'manual' }).catch(() => null)
  if (!answer) return // offline for a moment: the dialog stays, and so does its button
  if (answer.status !== 204) return location.assign('/login')
  seen()
  dialog.close()
}

function seen() {
  try {
    localStorage.setItem(KEY, String(Date.now()))
  } catch {
    dialog.dataset.seen = String(Date.now()) // storage is off: this tab counts for itself
  }
}

function lastSeen() {
  try {
    return Number(localStorage.getItem(KEY)) // nothing: it was cleared when somebody signed out in another tab
  } catch {
    return Number(dialog.dataset.seen)
  }
}
