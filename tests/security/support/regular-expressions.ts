/**
 * Finds the regular expressions of a source file, and those of them whose matching may take exponential time: where a loop
 * reads some text in two ways, each repetition of it doubles the work.
 */

/** After these a slash begins an expression; after anything else it divides. */
const BEFORE = /(?:[=(,:;!&|?{[+]|=>|\breturn|\btypeof|^)$/

/** @returns every literal, as it stands in the text. */
export function literalsIn(source: string): RegExp[] {
  const found: RegExp[] = []
  /** Braces that are open in each piece of code within a template. */
  const open: number[] = []
  let code = ''
  let at = 0
  /** To where the next piece of code begins, or the template ends. */
  const readTemplate = () => {
    const text = sticky(TEMPLATE, source, at) ?? ''
    at += text.length
    if (text.endsWith('{')) open.push(0)
    code += text.endsWith('{') ? '(' : '""'
  }
  while (at < source.length) {
    const skipped = SKIPPED.map((pattern) => sticky(pattern, source, at)).find((text) => text !== null)
    const literal = BEFORE.test(code.trimEnd().slice(-8)) ? sticky(LITERAL, source, at) : null
    const character = source[at] ?? ''
    if (skipped) {
      // A comment is nothing, a string is a value.
      code += skipped.startsWith('/') ? '' : '""'
      at += skipped.length
    } else if (literal) {
      const end = literal.lastIndexOf('/')
      found.push(new RegExp(literal.slice(1, end), literal.slice(end + 1)))
      code += '""'
      at += literal.length
    } else if (character === '`') {
      at += 1
      readTemplate()
    } else if (character === '}' && open.at(-1) === 0) {
      open.pop()
      at += 1
      readTemplate()
    } else {
      if (open.length > 0)
        open[open.length - 1] = (open.at(-1) ?? 0) + Number(character === '{') - Number(character === '}')
      code += character
      at += 1
    }
  }
  return found
}

/** What is text in a template, with the sign that ends it. */
const TEMPLATE = /(?:\\.|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y
const SKIPPED = [/\/\/[^\n]*/y, /\/\*[\s\S]*?\*\//y, /'(?:\\.|[^'\\\n])*'/y, /"(?:\\.|[^"\\\n])*"/y]
const LITERAL = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y

function sticky(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}

/** What stands for all characters: those that expressions tell apart. */
const ALPHABET = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...'éß中٣😀\u00a0\u0085\u2028\u202e\u0301',
]
/** A count beyond this is as good as no end. */
const MANY = 20

/** A part of an expression, by the places in it that read a character. */
interface Part {
  isEmpty: boolean
  first: number[]
  last: number[]
}

const NOTHING: Part = { isEmpty: true, first: [], last: [] }

/** @throws for what it does not understand: back references. */
export function isExponential({ source, flags }: RegExp): boolean {
  const reads: boolean[][] = []
  const follows: number[][] = []
  const usual = flags.replace(/[gyd]/g, '')
  const tokens = source.match(TOKEN) ?? []
  let at = 0

  const atom = (text: string): Part => {
    if (/^\\[1-9k]/.test(text)) throw new Error(`a back reference: ${source}`)
    const one = new RegExp(`^(?:${text})$`, usual)
    reads.push(ALPHABET.map((character) => one.test(character)))
    follows.push([])
    return { isEmpty: false, first: [reads.length - 1], last: [reads.length - 1] }
  }
  const link = (from: readonly number[], to: readonly number[]) => {
    for (const place of from) follows[place]?.push(...to)
  }
  const inTurn = (one: Part, other: Part): Part => {
    link(one.last, other.first)
    return {
      isEmpty: one.isEmpty && other.isEmpty,
      first: one.isEmpty ? [...one.first, ...other.first] : one.first,
      last: other.isEmpty ? [...one.last, ...other.last] : other.last,
    }
  }
  const alternatives = (): Part => {
    let all = sequence()
    while (tokens[at] === '|') {
      at += 1
      const other = sequence()
      all = {
        isEmpty: all.isEmpty || other.isEmpty,
        first: [...all.first, ...other.first],
        last: [...all.last, ...other.last],
      }
    }
    return all
  }
  const sequence = (): Part => {
    let all = NOTHING
    while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') all = inTurn(all, repeated())
    return all
  }
  const single = (): Part => {
    const token = tokens[at] ?? ''
    at += 1
    if (/^(?:\^|\$|\\[bB])$/.test(token)) return NOTHING
    if (!token.startsWith('(')) return atom(token)
    const inside = alternatives()
    at += 1
    // What only looks reads nothing; its own loops are in the table all the same.
    return /^\(\?<?[=!]/.test(token) ? NOTHING : inside
  }
  /** A part that may come several times is read anew for each time it must. */
  const repeated = (): Part => {
    const begin = at
    const one = single()
    const [, least, most] = countOf(tokens[at]) ?? []
    if (least === undefined || most === undefined) return one
    const after = at + 1
    const isEndless = most > MANY
    if (isEndless) link(one.last, one.first)
    // From the last time to the first: a time that need not come brings those after it along, or nothing.
    let all = one
    for (let time = (isEndless ? Math.min(least, MANY) : most) - 1; time >= 1; time -= 1) {
      at = begin
      all = inTurn(single(), time + 1 > least ? { ...all, isEmpty: true } : all)
    }
    at = after
    return least === 0 ? { ...all, isEmpty: true } : all
  }
  alternatives()
  return hasTwoWaysRound(reads, follows)
}

const TOKEN =
  /\\(?:p\{[^}]*\}|P\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?(?:<?[=!]|<\w+>|:)|\(|\)|\||(?:[*+?]|\{\d+(?:,\d*)?\})\??|[\s\S]/g

function countOf(token = ''): [string, number, number] | null {
  const [, sign, from, comma, to] = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??$/.exec(token) ?? []
  if (sign) return [token, sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY]
  if (from === undefined) return null
  return [token, Number(from), comma ? Number(to || Number.POSITIVE_INFINITY) : Number(from)]
}

/** Whether some text leads from a place back to it in two ways. */
function hasTwoWaysRound(reads: boolean[][], follows: number[][]): boolean {
  const size = reads.length
  const overlaps = reads.map((one) => reads.map((other) => one.some((reads, at) => reads && other[at])))
  const next = (pair: number) => {
    const [one, other] = [Math.floor(pair / size), pair % size]
    return (follows[one] ?? []).flatMap((to) =>
      (follows[other] ?? []).filter((beside) => overlaps[to]?.[beside]).map((beside) => to * size + beside),
    )
  }
  const edges = Array.from({ length: size * size }, (_, pair) => [...new Set(next(pair))])
  const back = edges.map((): number[] => [])
  for (const [pair, all] of edges.entries()) for (const to of all) back[to]?.push(pair)
  for (let place = 0; place < size; place += 1) {
    const start = place * size + place
    const [there, andBack] = [reached(edges, start), reached(back, start)]
    if ([...there].some((pair) => Math.floor(pair / size) !== pair % size && andBack.has(pair))) return true
    // The same step in two ways, as in a loop within a loop.
    const steps = follows[place] ?? []
    const doubled = steps.filter((to, at) => steps.indexOf(to) !== at)
    if (doubled.some((to) => andBack.has(to * size + to))) return true
  }
  return false
}

function reached(edges: number[][], start: number): Set<number> {
  const seen = new Set<number>()
  const open = [start]
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    for (const to of edges[pair] ?? []) {
      if (seen.has(to)) continue
      seen.add(to)
      open.push(to)
    }
  }
  return seen
}
