/*
 * A second tap on a form that is already on its way does nothing. The server records a check-off once whatever
 * the browser sends; this only spares the saver the doubt.
 */
const GIVE_UP_AFTER_MS = 15_000 // the answer was a download, or never came: let the saver try again

addEventListener('submit', (event) => {
  const form = event.target
  if (event.defaultPrevented || form.method !== 'post') return
  if (form.dataset.sent) {
    event.preventDefault()
    return
  }
  form.dataset.sent = 'true'
  // aria-disabled, not disabled: a disabled button drops its own name and value from the body, and the focus.
  event.submitter?.setAttribute('aria-disabled', 'true')
  event.submitter?.setAttribute('aria-busy', 'true')
  setTimeout(release, GIVE_UP_AFTER_MS, form)
})

// Coming back with the browser's back button may show this very page again, out of memory.
addEventListener('pageshow', (event) => {
  if (event.persisted) document.querySelectorAll('form[data-sent]').forEach(release)
})

function release(form) {
  delete form.dataset.sent
  for (const button of form.querySelectorAll('[aria-busy]')) {
    button.removeAttribute('aria-busy')
    button.removeAttribute('aria-disabled')
  }
}
