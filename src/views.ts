/** Pages and their parts, out of EJS files: each becomes a function once, at the start, and nothing is looked up later. */
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ejs from 'ejs'
import { namesIn } from './folder.ts'
import { linked } from './html.ts'
import { t } from './language.ts'

export interface Views {
  /** @param name its path below the folder, without ".ejs". @throws what the view throws, or without such a view. */
  render(name: string, props: object): string
}

type Include = (name: string, props?: object) => string

/** EJS without `with`: about twice as fast, and no name comes from nowhere. */
const OPTIONS = { _with: false, localsName: 'locals', compileDebug: false }
/** All names that a view has besides those of JavaScript; every view says its sentences with the last two. */
const NAMES = ['locals', 'include', 'escapeFn', 't', 'linked']
const NOTHING = Object.freeze({})
const SUFFIX = '.ejs'

interface Part {
  /** By the place of the part, so that names stand in it as seen from its own folder. */
  include: Include
  write(
    locals: object,
    include: Include,
    escapeFn: typeof ejs.escapeXML,
    say: typeof t,
    link: typeof linked,
  ): string
}

/**
 * A part is given the props that it is included with, and none of the page's.
 * @throws SyntaxError for a view that isn't one.
 */
export function readViews(folder: string): Views {
  const parts = new Map<string, Part>()

  function render(name: string, props: object = NOTHING): string {
    const part = parts.get(name)
    if (!part) throw new Error(`there is no view ${name}`)
    return part.write(props, part.include, ejs.escapeXML, t, linked)
  }

  function includeFrom(name: string): Include {
    const targets = new Map<string, string>()
    return (other, props) => {
      const target = targets.get(other) ?? posix.join(posix.dirname(name), other)
      targets.set(other, target)
      return render(target, props)
    }
  }

  for (const file of namesIn(folder)) {
    if (!file.endsWith(SUFFIX)) continue
    const name = file.slice(0, -SUFFIX.length)
    parts.set(name, { include: includeFrom(name), write: writerOf(join(folder, file), name) })
  }
  return { render }
}

function writerOf(file: string, name: string): Part['write'] {
  const source = readFileSync(file, 'utf8')
  // Icons: a page has sixty of them.
  if (!source.includes('<%')) return () => source
  const template = new ejs.Template(source, { ...OPTIONS, filename: file })
  // What EJS makes of it looks for its parts in the file system each time; what it has written is wanted alone.
  template.compile()
  const body = `'use strict'\n${template.source}\n//# sourceURL=views/${name}.ejs`
  return new Function(...NAMES, body) as Part['write']
}
