/*
 * Asks an authenticator (the phone, the computer, a security key) and sends its answer with the form that the part stands in:
 *   <form …> <div data-passkey="{…}" data-ceremony="get | create" data-field="answer" hidden> <button> … <p data-words></p> </div> </form>
 * What it says meanwhile comes with the part: data-asking, data-refused, data-present and data-failed.
 * With data-autofill the browser offers passkeys in the list of its address field, too. Without JavaScript the part, and a form
 * that has nothing else, stays hidden.
 */
const ENDINGS = { NotAllowedError: 'refused', InvalidStateError: 'present' }

const { PublicKeyCredential } = globalThis
const isAble =
  PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential.parseCreationOptionsFromJSON
if (isAble) for (const part of document.querySelectorAll('[data-passkey]')) attend(part, part.closest('form'))

function attend(part, form) {
  let asked = new AbortController()
  part.hidden = false
  form.hidden = false
  part.querySelector('button').addEventListener('click', async () => {
    // What nobody has filled in is asked for before the device is, which would keep what we don't get.
    if (part.dataset.ceremony === 'create' && !form.reportValidity()) return
    asked.abort()
    asked = new AbortController()
    say(part, part.dataset.asking)
    try {
      send(part, form, await ask(part, { signal: asked.signal }))
    } catch (error) {
      if (error.name !== 'AbortError') say(part, part.dataset[ENDINGS[error.name] ?? 'failed'])
    }
  })
  if ('autofill' in part.dataset) offer(part, form, asked.signal)
}

/** The browser's own list, which opens with the address field; whoever doesn't choose from it hears nothing of it. */
async function offer(part, form, signal) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  const answer = await ask(part, { signal, mediation: 'conditional' }).catch(() => null)
  if (answer) send(part, form, answer)
}

function ask(part, how) {
  const options = JSON.parse(part.dataset.passkey)
  return part.dataset.ceremony === 'create'
    ? navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
        ...how,
      })
    : navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
        ...how,
      })
}

function send(part, form, credential) {
  say(part, '')
  const field = part.querySelector('input') ?? part.appendChild(document.createElement('input'))
  Object.assign(field, {
    type: 'hidden',
    name: part.dataset.field,
    value: JSON.stringify(credential.toJSON()),
  })
  // What else the form asks for may not be needed now; the server says so if it is.
  form.noValidate = true
  form.requestSubmit()
}

function say(part, words) {
  part.querySelector('[data-words]').textContent = words
}
