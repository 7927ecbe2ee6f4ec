import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { type AnyNode, type Expression, parse, type SpreadElement } from 'acorn'
import ejs from 'ejs'

/** A message that the code says, and where. */
export interface Said {
  message: string
  /** The names that it is given; null where they can't be seen, because the values come from elsewhere. */
  values: readonly string[] | null
  place: string
}

const SAYING = new Set(['t', 'told', 'term'])

/** Every message in `src/` and `views/`, read from the code's own syntax. */
export function allMessages(): Said[] {
  return [
    ...filesOf('src', '.ts').flatMap((file) => messagesIn(javaScriptOf(file), file)),
    ...filesOf('views', '.ejs').flatMap((file) => messagesIn(templateOf(file), file)),
  ]
}

/** @throws where a message is glued together: nobody could translate it. */
export function messagesIn(code: string, file: string): Said[] {
  const said: Said[] = []
  const options = { ecmaVersion: 'latest', sourceType: 'module', allowReturnOutsideFunction: true } as const
  visit(parse(code, { ...options, locations: true }), (node) => {
    if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return
    if (!SAYING.has(node.callee.name)) return
    const place = `${file}: ${code.slice(node.start, node.start + 60).split('\n')[0]}`
    const [first, second] = node.arguments
    for (const message of literalsOf(first, place)) said.push({ message, values: namesOf(second), place })
  })
  return said
}

function literalsOf(node: Expression | SpreadElement | undefined, place: string): string[] {
  switch (node?.type) {
    case 'Literal':
      return [String(node.value)]
    case 'TemplateLiteral': {
      if (node.expressions.length > 0) throw new Error(`${place}: a message with expressions in it`)
      return [node.quasis[0]?.value.cooked ?? '']
    }
    case 'ConditionalExpression':
      return [...literalsOf(node.consequent, place), ...literalsOf(node.alternate, place)]
    case 'BinaryExpression':
      throw new Error(`${place}: a message that is glued together`)
    // Something that was marked elsewhere.
    default:
      return []
  }
}

function namesOf(node: Expression | SpreadElement | undefined): string[] | null {
  if (!node) return []
  if (node.type !== 'ObjectExpression') return null
  if (node.properties.some((property) => property.type !== 'Property' || property.computed)) return null
  return node.properties.map((property) => {
    const key = (property as { key: AnyNode }).key
    return key.type === 'Identifier' ? key.name : String((key as { value?: unknown }).value)
  })
}

function visit(node: AnyNode, look: (node: AnyNode) => void): void {
  look(node)
  for (const value of Object.values(node)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one && typeof one === 'object' && typeof one.type === 'string') visit(one, look)
    }
  }
}

function javaScriptOf(file: string): string {
  return stripTypeScriptTypes(readFileSync(file, 'utf8'))
}

/** What a view is compiled to. */
function templateOf(file: string): string {
  const options = { _with: false, localsName: 'locals', filename: file }
  const template = new (
    ejs as unknown as { Template: new (text: string, options: object) => Template }
  ).Template(readFileSync(file, 'utf8'), options)
  template.generateSource()
  return template.source
}

interface Template {
  source: string
  generateSource(): void
}

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !file.startsWith('generated'))
    .map((file) => join(folder, file))
    .sort()
}
