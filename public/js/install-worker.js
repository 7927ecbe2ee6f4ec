/*
 * The service worker shows notifications, and a page of ours when there is no connection. It keeps nothing private; see /sw.js.
 * Its address carries the version of the files, so that it is a new one when they are.
 */
const [, , version] = new URL(import.meta.url).pathname.split('/')

// Not in private windows and old browsers; all pages work without.
navigator.serviceWorker?.register(`/sw.js?v=${version}`, { scope: '/' }).catch(() => {})
