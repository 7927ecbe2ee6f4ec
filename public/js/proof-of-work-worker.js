/* Finds the counter whose key begins as the challenge says (ALTCHA, PBKDF2 with SHA-256), off the page's own thread. */
const TELL_EVERY = 25

addEventListener('message', async ({ data: { nonce, salt, cost, keyLength, keyPrefix, data } }) => {
  const prefix = bytesOf(keyPrefix)
  const start = bytesOf(nonce)
  const password = new Uint8Array(start.length + 4)
  password.set(start)
  const method = { name: 'PBKDF2', hash: 'SHA-256', salt: bytesOf(salt), iterations: cost }
  for (let counter = 0; counter <= data.most; counter += 1) {
    new DataView(password.buffer).setUint32(start.length, counter)
    const secret = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
    const key = new Uint8Array(await crypto.subtle.deriveBits(method, secret, keyLength * 8))
    if (prefix.every((byte, at) => byte === key[at])) {
      return postMessage({ solution: { counter, derivedKey: hexOf(key) } })
    }
    if (counter % TELL_EVERY === 0) postMessage({ share: counter / data.most })
  }
  postMessage({ solution: null })
})

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
