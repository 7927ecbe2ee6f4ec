import { METHODS } from 'node:http'
import fc from 'fast-check'
import type { Question } from '../../http/support/ask.ts'
import { addressOf, type Cast, type Part } from './cast.ts'
import { type Facts, FORMS } from './forms.ts'
import { BYTES, FORM, HEADERS, NAMES, TEXTS, TYPES } from './words.ts'

/** A request before it is known who has which ids. */
export interface Wild {
  part: Part
  /** Of a request to the API: whose token it shows; the owner's cookie comes along all the same. */
  bearer: 'owner' | 'other' | 'wrong' | 'none'
  method: string
  /** A route of the table, or an address that there isn't. */
  path: string
  /** Instead of the id or token in the path; null for the real one. */
  id: string | null
  query: string
  headers: Record<string, string>
  token: 'good' | 'bad' | 'none'
  content: Content | null
}

type Content =
  /** The route's own form with changes, or other fields altogether. */
  | { kind: 'form'; isOwn: boolean; changes: Change[] }
  /** Something else, exactly as it stands. */
  | { kind: 'raw'; type: string; text: string }

interface Change {
  how: 'replace' | 'drop' | 'twice' | 'list' | 'object' | 'add'
  /** Which field, counted round. */
  at: number
  name: string
  /** Percent-encoded, well or badly. */
  value: string
}

/** These end what others need, so that they come seldom. */
const FATAL = [
  'POST /logout',
  'POST /bank/:id/revoke',
  'POST /habits/:id/delete',
  'POST /settings/security',
  'POST /settings/security/sessions/end-others',
]

/** Who sends how much: most is open to the owner and the admin. */
const SENDERS: [part: Part, weight: number][] = [
  ['owner', 4],
  ['admin', 4],
  ['visitor', 2],
  ['other', 1],
  ['unconfirmed', 1],
  ['half', 1],
]
export const SENDING = SENDERS.map(([part]) => part)

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS).map(encoded) },
  { weight: 2, arbitrary: fc.constantFrom(...BYTES) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map(encoded) },
  { weight: 1, arbitrary: fc.double().map((number) => encoded(String(number))) },
  { weight: 1, arbitrary: fc.integer().map(String) },
)
const name = fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 20 })).map(encoded)

const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom('replace', 'replace', 'replace', 'drop', 'twice', 'list', 'object', 'add'),
  at: fc.nat(9),
  name,
  value,
})
const content: fc.Arbitrary<Content> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('form' as const),
      isOwn: fc.boolean(),
      changes: fc.array(change, { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('raw' as const),
      type: fc.constantFrom(...TYPES),
      text: fc.oneof(
        value,
        fc.json(),
        fc.constantFrom('<!DOCTYPE x><x>&e;</x>', '--x\r\n\r\n', 'a=1&'.repeat(3_000)),
      ),
    }),
  },
)
const query = fc
  .array(fc.tuple(name, value), { maxLength: 3 })
  .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
  .map((text) => (text ? `?${text}` : ''))
const oddHeader = fc
  .constantFrom(...HEADERS)
  .chain(([header, values]) => fc.constantFrom(...values).map((text) => [header, text] as const))

/** @param routes every route of the app, as "POST /habits/:id/edit". */
export function wildRequests(routes: readonly string[]): fc.Arbitrary<Wild> {
  const route = fc
    .constantFrom(...routes.flatMap((one) => (FATAL.includes(one) ? [one] : Array(40).fill(one))))
    .map((one: string) => one.split(' ') as [string, string])
  const nowhere = fc.tuple(
    fc.constantFrom('GET', 'POST'),
    fc.array(value, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
  )
  return fc
    .oneof({ weight: 12, arbitrary: route }, { weight: 1, arbitrary: nowhere })
    .chain(([ofRoute, path]) =>
      fc.record({
        part: fc.oneof(...SENDERS.map(([part, weight]) => ({ weight, arbitrary: fc.constant(part) }))),
        bearer: fc.constantFrom('owner', 'owner', 'owner', 'other', 'wrong', 'none'),
        method: fc.oneof(
          { weight: 8, arbitrary: fc.constant(ofRoute) },
          { weight: 1, arbitrary: fc.constantFrom(...METHODS.filter((one) => one !== 'CONNECT')) },
        ),
        path: fc.constant(path),
        id: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value }),
        query: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: query }),
        headers: fc.oneof(
          { weight: 3, arbitrary: fc.constant({}) },
          {
            weight: 1,
            arbitrary: fc.array(oddHeader, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
          },
        ),
        token: fc.constantFrom('good', 'good', 'good', 'good', 'bad', 'none'),
        content: fc.option(content, { freq: 20 }),
      }),
    )
}

/** The request as it goes out, when these people have these ids. */
export function sendable(
  wild: Wild,
  { players, ids }: Cast,
  facts: Facts,
  tokens: Record<'owner' | 'other', string>,
): { path: string; question: Question } {
  const { part, id, query } = wild
  const bare = id === null ? wild.path : wild.path.replace(/:(id|token)/, () => id || '%20')
  const { cookie, token } = players[part]
  if (wild.path.startsWith(API))
    return { path: addressOf(bare, ids) + query, question: ofApi(wild, facts, tokens) }
  const { type, text } = bodyOf(wild, token, facts)
  return {
    path: addressOf(bare, ids) + query,
    question: {
      headers: { cookie, 'content-type': type, ...wild.headers },
      ...(text === undefined ? {} : { body: text }),
    },
  }
}

const API = '/api/'

function ofApi(wild: Wild, facts: Facts, tokens: Record<'owner' | 'other', string>): Question {
  const { bearer, content, headers } = wild
  const secret = { ...tokens, wrong: 'spv_x', none: null }[bearer]
  const text = content === null ? undefined : jsonOf(content, facts)
  return {
    headers: {
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  }
}

/** The offer of a check-off with changes, or something else exactly as it stands. */
function jsonOf(content: Content, { day, slot, version }: Facts): string {
  if (content.kind === 'raw') return content.text
  const own = content.isOwn ? { day, slot: Number(slot), version: Number(version) } : {}
  const changes = content.changes.map(({ how, at, name, value }) => {
    const key = how === 'add' ? name : (Object.keys(own)[at % 3] ?? name)
    return [key, { list: [value], object: { not: value }, drop: undefined }[how as string] ?? value]
  })
  return JSON.stringify({ ...own, ...Object.fromEntries(changes) })
}

function bodyOf({ method, path, token, content }: Wild, good: string, facts: Facts) {
  if (content === null || ['GET', 'HEAD', 'TRACE'].includes(method)) return { type: FORM }
  if (content.kind === 'raw') return content
  const own = content.isOwn ? FORMS[`POST ${path}`]?.(facts) : {}
  const fields = Object.entries(own ?? {}).map(([key, text]): [string, string] => [
    encoded(key),
    encoded(text),
  ])
  const csrf: [string, string][] = token === 'none' ? [] : [['_csrf', token === 'good' ? encoded(good) : 'x']]
  const all = [...csrf, ...content.changes.reduce(changed, fields)]
  return { type: FORM, text: all.map((pair) => pair.join('=')).join('&') }
}

function changed(fields: [string, string][], { how, at, name, value }: Change): [string, string][] {
  const found = fields[at % Math.max(1, fields.length)]
  if (!found || how === 'add') return [...fields, [name, value]]
  const [key, text] = found
  const others = fields.filter((field) => field !== found)
  switch (how) {
    case 'drop':
      return others
    case 'replace':
      return [...others, [key, value]]
    case 'twice':
      return [...fields, [key, value]]
    case 'list':
      return [...others, [`${key}[]`, text]]
    case 'object':
      return [...others, [`${key}[not]`, value]]
  }
}

/** Also what is no text at all: half of a pair becomes a question mark, as browsers send it. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
