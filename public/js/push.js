/*
 * Lets this browser show reminders: asks for leave, and sends where the browser can be reached with the form of the page:
 *   <form data-push-key="…" data-known="…" data-denied="…" data-failed="…" hidden>
 *     … <input name="endpoint"> <button> <p data-words></p>
 *   </form>
 * Without JavaScript, or in a browser without notifications, the form stays hidden and a sentence says so.
 */
const form = document.querySelector('[data-push-key]')
const isAble = 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis
if (form && isAble) attend(form)

async function attend(form) {
  document.querySelector('[data-push-missing]').hidden = true
  const registration = await navigator.serviceWorker.ready
  const present = await registration.pushManager.getSubscription()
  if (present) {
    if (form.dataset.known.split(' ').includes(await digestOf(present.endpoint))) return
    // It was taken off, perhaps in another browser: nothing may reach this one any more.
    await present.unsubscribe()
  }
  form.hidden = false
  form.querySelector('button').addEventListener('click', () => {
    subscribe(form, registration).catch(() => say(form.dataset.failed))
  })
}

async function subscribe(form, registration) {
  say('')
  if ((await Notification.requestPermission()) !== 'granted') return say(form.dataset.denied)
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: form.dataset.pushKey,
  })
  const { endpoint, keys } = subscription.toJSON()
  form.elements.endpoint.value = endpoint
  form.elements.p256dh.value = keys.p256dh
  form.elements.auth.value = keys.auth
  form.requestSubmit()
}

async function digestOf(text) {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function say(words) {
  form.querySelector('[data-words]').textContent = words
}
