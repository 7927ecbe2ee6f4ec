/** Redirects off the site, files that are not served, headers planted by what was sent, and markup that is shown later. */
import { ask, look } from '../client.ts'
import type { Desk, Form, Page, Person } from '../target.ts'
import { MARKUP, PLANTED } from './answers.ts'
import { placesIn, placesOf } from './places.ts'

const ELSEWHERE = [
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  'evil.example',
]
const NEXT = ['next', 'returnTo', 'return', 'redirect', 'url', 'to']
const LINE_BREAK = `x\r\n${PLANTED}: 1`

/** Files that lie beside those that are served, and how they begin. */
const BESIDE: [file: string, content: RegExp][] = [
  ['package.json', /"devDependencies"|"version":/],
  ['.env.example', /SESSION_SECRET/],
  ['src/app.ts', /createApp/],
  ['etc/passwd', /root:.*:0:0:/],
  ['.git/config', /\[core\]/],
]
const CLIMBS = [
  '',
  '../',
  '../../',
  '../../../../../../../../',
  '..%2f..%2f',
  '%2e%2e/%2e%2e/',
  '..%252f',
  '....//',
  '..\\',
]
const MOUNTS = ['/', '/icons/', '/files/', '/files/any/', '/files/any/js/']

/** Everything that is typed anywhere, and then every page of everybody: nowhere may it be markup or a header. */
export async function plantMarkup(desk: Desk, forms: readonly Form[], isQuick: boolean): Promise<void> {
  for (const form of forms) {
    for (const place of placesIn(desk, form)) {
      await place.send(MARKUP)
      if (!isQuick) await place.send(LINE_BREAK)
    }
    await desk.target.rest()
  }
  for (const html of await desk.target.mails()) {
    if (html.includes('<script>fz9') || html.includes('fz9"\''))
      desk.found('markup', 'a mail', 'has markup that was typed')
  }
}

/** Every page as each of them. */
export async function crawl(desk: Desk, people: readonly Person[]): Promise<void> {
  const { target } = desk
  for (const person of people) {
    for (const page of target.pages) {
      desk.heard(`${page.route} (${person.name})`, await look(target, person, page.address))
    }
  }
}

export async function lookForRedirects(desk: Desk, pages: readonly Page[], person: Person, isQuick: boolean) {
  for (const page of pages) {
    for (const place of placesOf(desk, page, person, isQuick ? NEXT.slice(0, 2) : NEXT)) {
      for (const where of ELSEWHERE.slice(0, 2)) {
        const { headers } = await place.send(where)
        if (leadsOff(desk, headers.location))
          desk.found('redirect', place.name, `leads to ${headers.location}`)
      }
      await place.send(LINE_BREAK)
    }
  }
  for (const where of ELSEWHERE) {
    const question = { method: 'GET', path: where.startsWith('/') ? where : `/${where}` } as const
    const { headers } = await ask(desk.target, { ...question, headers: { host: 'evil.example' } }).catch(
      refusedToSend,
    )
    if (leadsOff(desk, headers.location))
      desk.found('redirect', `GET ${where}`, `leads to ${headers.location}`)
  }
}

export async function lookForFiles(desk: Desk): Promise<void> {
  for (const mount of MOUNTS) {
    for (const climb of CLIMBS) {
      for (const [file, content] of BESIDE) {
        const path = mount + climb + file
        const { status, text } = await ask(desk.target, { method: 'GET', path }).catch(refusedToSend)
        desk.heard(`GET ${path}`, { status, text, headers: SILENT, tookMs: 0 })
        if (status === 200 && content.test(text)) desk.found('file', `GET ${path}`, `hands out ${file}`)
      }
    }
  }
}

/** Node sends no address with characters that none may have. */
const refusedToSend = () => ({ status: 0, text: '', headers: {} as Record<string, string | undefined> })
/** A file that is refused has been looked at as a page already. */
const SILENT = {}

function leadsOff({ target }: Desk, location: string | undefined): boolean {
  if (location === undefined) return false
  const { hostname } = new URL(location.replaceAll(/[\t\r\n]/g, ''), target.origin)
  return hostname.endsWith('evil.example')
}
