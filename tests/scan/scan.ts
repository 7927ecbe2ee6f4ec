import { objectionsTo } from './checks/answers.ts'
import { crawl, lookForFiles, lookForRedirects, plantMarkup } from './checks/doors.ts'
import { placesIn, placesInHeaders, placesOf } from './checks/places.ts'
import { injectSql } from './checks/sql.ts'
import { lookAtTls } from './checks/tls.ts'
import type { Answer } from './client.ts'
import type { Desk, Finding, Kind, Target } from './target.ts'

export interface Report {
  counts: {
    pages: number
    people: number
    forms: number
    places: number
    requests: number
    handshakes: number
  }
  findings: Finding[]
}

export interface Wish {
  /** A few payloads of each kind instead of all. */
  isQuick: boolean
  say(line: string): void
}

/** What pages look for behind their address. */
const ASKED = ['before', 'state', 'code', 'error']

export async function scan(target: Target, { isQuick, say }: Wish): Promise<Report> {
  const findings = new Map<string, Finding>()
  const counts = { pages: target.pages.length, people: target.people.length, forms: target.forms.length }
  let requests = 0
  let places = 0
  const found = (kind: Kind, where: string, what: string) => {
    const key = `${kind} ${where} ${what}`
    if (!findings.has(key)) findings.set(key, { kind, where, what })
  }
  const files = new Set(target.pages.filter(({ mayBeKept }) => mayBeKept).map(({ route }) => route))
  const https = target.origin.startsWith('https:')
  const desk: Desk = {
    target,
    found,
    heard: (where: string, answer: Answer) => {
      requests += 1
      if (Object.keys(answer.headers).length === 0) return
      const isFile = [...files].some((route) => where.startsWith(route))
      for (const [kind, what] of objectionsTo(answer, { https, isFile })) found(kind, where, what)
    },
  }

  const handshakes = await lookAtTls(desk)
  say('every page as everybody')
  await crawl(desk, target.people)
  say('SQL in every field of every form')
  for (const form of target.forms) {
    const inForm = placesIn(desk, form)
    places += inForm.length
    await injectSql(desk, inForm, isQuick)
    await target.rest()
  }
  const open = target.forms.find(({ person }) => person === target.people[0])
  if (open) {
    const inHeaders = placesInHeaders(desk, open)
    places += inHeaders.length
    await injectSql(desk, inHeaders, isQuick)
    await target.rest()
  }
  say('SQL, addresses of others and line breaks behind every address')
  for (const person of target.people) {
    // Everybody gets the same refusal at the pages of others; the saver and the admin see them all between them.
    const pages = target.pages.filter(({ route }) => !files.has(route) && isFor(person.name, route))
    for (const page of pages) {
      const all = placesOf(desk, page, person, ASKED)
      const behind = isQuick ? all.slice(-1) : all
      places += behind.length
      // The questions of a page are few, and most pages have none.
      await injectSql(desk, behind, true)
    }
    await lookForRedirects(desk, isQuick ? pages.slice(0, 4) : pages, person, isQuick)
  }
  say('files beside those that are served')
  await lookForFiles(desk)
  say('markup in every field, and then every page once more')
  await plantMarkup(desk, target.forms, isQuick)
  // What was typed is shown to whoever typed it, and to admins.
  await crawl(desk, isQuick ? target.people.slice(-2) : target.people)
  return { counts: { ...counts, places, requests, handshakes }, findings: [...findings.values()] }
}

function isFor(name: string, route: string): boolean {
  if (name === 'admin') return route.includes(' /admin')
  return (
    !route.includes(' /admin') &&
    (name !== 'visitor' || /\/(?:login|signup|confirm|password|privacy)|\/$/.test(route))
  )
}
