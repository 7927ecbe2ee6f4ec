/** Where somebody can put what they like: fields of forms, parts of addresses, questions behind them, headers. */
import { type Answer, ask, submit } from '../client.ts'
import type { Desk, Form, Page, Person } from '../target.ts'

export interface Place {
  name: string
  /** What stands there otherwise. */
  good: string
  send(value: string): Promise<Answer>
}

/** A form without fields still has its token. */
export function placesIn(desk: Desk, form: Form): Place[] {
  const fields = Object.entries(form.fields)
  const places = (fields.length > 0 ? fields : [['_csrf', form.person.token]]).map(
    ([name = '', good = '']): Place => ({
      name: `${form.route} ${name}`,
      good,
      send: async (value) => {
        const answer = await submit(desk.target, form, { [name]: value })
        desk.heard(`${form.route} ${name}`, answer)
        return answer
      },
    }),
  )
  const ofAddress = variableIn(form)
  if (!ofAddress) return places
  const send = async (value: string) => {
    const address = ofAddress.replace(encodeURIComponent(value))
    const answer = await submit(desk.target, { ...form, address })
    desk.heard(form.route, answer)
    return answer
  }
  return [...places, { name: `${form.route} (address)`, good: ofAddress.good, send }]
}

/** @param asked names that pages look for behind their address, and some that they might. */
export function placesOf(desk: Desk, page: Page, person: Person, asked: readonly string[]): Place[] {
  const lookAt = (name: string, pathOf: (value: string) => string, good: string): Place => ({
    name: `${page.route} ${name} (${person.name})`,
    good,
    send: async (value) => {
      const headers: Record<string, string> = person.cookie ? { cookie: person.cookie } : {}
      const answer = await ask(desk.target, {
        method: 'GET',
        path: pathOf(encodeURIComponent(value)),
        headers,
      })
      desk.heard(`${page.route} ${name} (${person.name})`, answer)
      return answer
    },
  })
  const ofAddress = variableIn(page)
  return [
    ...asked.map((name) => lookAt(`?${name}`, (value) => `${page.address}?${name}=${value}`, '1')),
    ...(ofAddress ? [lookAt('(address)', ofAddress.replace, ofAddress.good)] : []),
  ]
}

/** Headers that are written down somewhere, or believed under circumstances. */
export function placesInHeaders(desk: Desk, form: Form): Place[] {
  return [
    'user-agent',
    'referer',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-request-id',
    'accept-language',
  ].map((header) => ({
    name: `${form.route} header ${header}`,
    good: 'x',
    send: async (value) => {
      const { token, cookie } = form.person
      const answer = await ask(desk.target, {
        method: 'POST',
        path: form.address,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          cookie,
          // What can't stand in a header never reaches anybody.
          [header]: value.replace(/[^\x20-\x7e]/g, ''),
        },
        body: new URLSearchParams({ _csrf: token, ...form.fields }).toString(),
      })
      desk.heard(`${form.route} header ${header}`, answer)
      return answer
    },
  }))
}

/** The part of an address that is not the same for all. */
function variableIn({ route, address }: { route: string; address: string }) {
  const pattern = (route.split(' ')[1] ?? '').split('/')
  const at = pattern.findIndex((part) => part.startsWith(':'))
  if (at < 0) return null
  const parts = address.split('/')
  return {
    good: parts[at] ?? '',
    replace: (value: string) => parts.map((part, here) => (here === at ? value : part)).join('/'),
  }
}
