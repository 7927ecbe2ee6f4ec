import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe has against the page, and whether it is wider than the screen. @param rules tags of axe's rules. */
export async function troubleOn(page: Page, rules: readonly string[] = RULES): Promise<string[]> {
  await page.evaluate(AXE)
  const violations = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)} })
      .then((result) => result.violations.map((violation) => violation.id + ': ' + violation.nodes[0].html))`,
  )) as string[]
  const overflow = (await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) as number
  return overflow > 0 ? [...violations, `${overflow} px wider than the screen`] : violations
}
