/*
 * Shows reminders, and a page of ours when there is no connection. Of what it may keep there is one short list: that page,
 * and styles and scripts whose address carries the version of the files. No page of a saver, nothing of money, no form:
 * whatever is sent goes to the network or nowhere, and nothing waits here to be sent later.
 */
const VERSION = new URL(location.href).searchParams.get('v') ?? ''
const CACHE = `files-${VERSION}`
const OFFLINE = '/offline'
const FILES = `/files/${VERSION}/`
const DASHBOARD = '/dashboard'

addEventListener('install', (event) => {
  event.waitUntil(prepare())
})

addEventListener('activate', (event) => {
  event.waitUntil(tidyUp())
})

addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET') return
  if (request.mode === 'navigate') {
    // With a connection the browser asks by itself: what comes through here would look to the server like a script's request.
    if (!navigator.onLine) event.respondWith(fetch(request).catch(offlinePage))
  } else if (isStyleOrScript(request.url)) event.respondWith(kept(request))
})

addEventListener('push', (event) => {
  event.waitUntil(show(event.data))
})

addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(openDashboard())
})

/** The page for times without a connection, and what it looks like. Nobody is signed in to it. */
async function prepare() {
  const page = await fetch(OFFLINE, { credentials: 'omit', cache: 'reload' })
  if (!page.ok) throw new Error('no page for times without a connection')
  const html = await page.clone().text()
  const files = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path)
  const needed = files.filter((path) => isStyleOrScript(new URL(path, location.href).href))
  // While versions change, the page may come from the other one. The browser tries again with the next page it opens.
  if (needed.length === 0) throw new Error('the page is of another version')
  const cache = await caches.open(CACHE)
  await cache.put(OFFLINE, page)
  // What nobody reads to its end holds its connection.
  await Promise.all(needed.map(async (path) => (await kept(new Request(path))).arrayBuffer()))
  await skipWaiting()
}

async function tidyUp() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name)
  await clients.claim()
}

/** Ours, and of the version that this worker came with: it never changes under its address. */
function isStyleOrScript(address) {
  const { origin, pathname } = new URL(address)
  return origin === location.origin && pathname.startsWith(FILES) && /\.(?:css|js)$/.test(pathname)
}

async function kept(request) {
  const cache = await caches.open(CACHE)
  const known = await cache.match(request)
  if (known) return known
  const answer = await fetch(request)
  if (isForGood(answer)) await cache.put(request, answer.clone())
  return answer
}

/** While versions change, another one may answer, with what it has; it says that this is not to be kept. */
function isForGood(answer) {
  return answer.ok && /\bimmutable\b/.test(answer.headers.get('cache-control') ?? '')
}

async function offlinePage() {
  return (await caches.match(OFFLINE)) ?? Response.error()
}

/** A message always shows something: browsers take the leave away from sites that get messages in secret. */
async function show(data) {
  const { title, body, tag, lang } = readable(data)
  await registration.showNotification(title, {
    body,
    tag,
    icon: '/icons/icon-192.png',
    badge: '/icons/badge-96.png',
    lang,
  })
}

function readable(data) {
  try {
    const { title, body, tag, lang } = data.json()
    return { title: String(title), body: String(body), tag: String(tag), lang: String(lang) }
  } catch {
    return { title: 'Sparvana', body: '', tag: 'sparvana', lang: 'en' }
  }
}

async function openDashboard() {
  const windows = await clients.matchAll({ type: 'window' })
  const here = windows.find((window) => new URL(window.url).pathname === DASHBOARD)
  if (here) return here.focus()
  return clients.openWindow(DASHBOARD)
}
