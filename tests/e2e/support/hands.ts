import type { Locator, Page } from 'playwright-core'

/** How somebody uses a page. */
export interface Hands {
  press(target: Locator): Promise<void>
  fill(field: Locator, text: string): Promise<void>
  tick(box: Locator): Promise<void>
  choose(list: Locator, label: string): Promise<void>
}

export const mouse: Hands = {
  press: (target) => target.click(),
  fill: (field, text) => field.fill(text),
  tick: (box) => box.check(),
  choose: async (list, label) => void (await list.selectOption({ label })),
}

const MOST_TABS = 90

/** Nothing but keys: what Tab doesn't reach can't be used. */
export function keyboardOf(page: Page): Hands {
  return {
    async press(target) {
      await reach(page, target)
      await page.keyboard.press('Enter')
    },
    async fill(field, text) {
      await reach(page, field)
      await page.keyboard.press('ControlOrMeta+A')
      await page.keyboard.type(text)
    },
    async tick(box) {
      const isRadio = (await box.getAttribute('type')) === 'radio'
      if (isRadio) return chooseRadio(page, box)
      await reach(page, box)
      if (!(await box.isChecked())) await page.keyboard.press('Space')
    },
    async choose(list, label) {
      await reach(page, list)
      await page.keyboard.type(label)
    },
  }
}

/** @throws when it can't be reached, or when nobody could see that it was. */
async function reach(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  for (let press = 0; press < MOST_TABS; press += 1) {
    if (await hasFocus(target)) {
      if (!(await showsFocus(target))) throw new Error(`nothing shows that ${target} has the focus`)
      return
    }
    await page.keyboard.press('Tab')
  }
  throw new Error(`${target} can't be reached with the Tab key`)
}

/** Tab goes to a group of radio buttons; the arrows choose in it. */
async function chooseRadio(page: Page, radio: Locator): Promise<void> {
  const name = await radio.getAttribute('name')
  await radio.waitFor({ state: 'attached' })
  for (let press = 0; press < MOST_TABS; press += 1) {
    if ((await page.evaluate('document.activeElement.name')) === name) break
    await page.keyboard.press('Tab')
  }
  if ((await page.evaluate('document.activeElement.name')) !== name)
    throw new Error(`no radio of ${name} can be reached`)
  await page.keyboard.press('Space')
  for (let press = 0; press < MOST_TABS && !(await radio.isChecked()); press += 1)
    await page.keyboard.press('ArrowDown')
}

function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === element.ownerDocument.activeElement)
}

/** An outline or a shadow, on it or on what stands around it (cards of radio buttons, say). */
function showsFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => {
    const around = [element, element.parentElement, element.parentElement?.parentElement]
    return around.some((one) => {
      const style = one?.ownerDocument.defaultView?.getComputedStyle(one)
      return (
        style &&
        ((style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none')
      )
    })
  })
}
