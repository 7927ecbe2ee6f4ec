/** Pages from EJS templates beside this file; every value is escaped, names come from `locals` alone. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs, { type TemplateFunction } from 'ejs'
import { toDecimal } from '../../money.ts'

const compiled = new Map<string, TemplateFunction>()

export function render(page: string, props: object): string {
  const template = compiled.get(page) ?? compile(page)
  compiled.set(page, template)
  return template(props)
}

/** As people read it: 2500000 → "25,000.00 DKK". */
export function moneyText(minor: number, currency: string): string {
  return `${toDecimal(minor).replace(/\B(?=(\d{3})+\.)/g, ',')} ${currency}`
}

function compile(page: string): TemplateFunction {
  const filename = fileURLToPath(new URL(`./${page}.ejs`, import.meta.url))
  return ejs.compile(readFileSync(filename, 'utf8'), { filename, _with: false })
}
