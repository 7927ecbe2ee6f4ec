import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../src/controllers/api/operations.ts'
import { linked } from '../../src/html.ts'
import { type Catalogue, catalogues, inLanguage, t } from '../../src/language.ts'
import { allMessages, messagesIn } from './support/messages.ts'

const said = allMessages()
const messages = new Set(said.map(({ message }) => message))
/** Messages that are given values are read as ICU messages; the others are plain text. */
const formatted = new Map(
  said.filter(({ values }) => values?.length !== 0).map((one) => [one.message, one] as const),
)
const LANGUAGES = Object.keys(catalogues) as (keyof typeof catalogues)[]

describe('the reader of messages', () => {
  test('finds messages in calls, in both halves of a choice, and the names of their values', () => {
    const code = "t('One'); told('Two {a}', { a: 1 }); term(`Three`); t(x ? 'Four' : 'Five'); t(label)"
    expect(messagesIn(code, 'here.ts').map(({ message, values }) => [message, values])).toEqual([
      ['One', []],
      ['Two {a}', ['a']],
      ['Three', []],
      ['Four', []],
      ['Five', []],
    ])
  })

  test.each(['t(`Hello $' + '{name}`)', "t('Hello ' + name)"])('refuses %s', (code) => {
    expect(() => messagesIn(code, 'here.ts')).toThrow(/here\.ts/)
  })
})

describe('the messages themselves', () => {
  test('are given the values that they name', () => {
    const wrong = said.filter(({ message, values }) => {
      if (values === null || (values.length === 0 && !message.includes('{'))) return false
      const names = argumentsOf(message)
      return names.some((name) => !values.includes(name)) || values.some((name) => !names.includes(name))
    })
    expect(wrong.map(({ place }) => place)).toEqual([])
  })
})

describe.each(LANGUAGES)('the catalogue of %s', (language) => {
  const catalogue: Catalogue = catalogues[language]

  test('has every message of the app', () => {
    expect([...messages].filter((message) => !catalogue[message])).toEqual([])
  })

  test('has none that the app does not say', () => {
    expect(Object.keys(catalogue).filter((message) => !messages.has(message))).toEqual([])
  })

  test('is sorted, and each message stands in it once', () => {
    const text = readFileSync(`src/languages/${language}.json`, 'utf8')
    const keys = [...text.matchAll(/^ {2}("(?:[^"\\]|\\.)*"):/gm)].map(([, key]) => JSON.parse(key ?? ''))
    expect(keys).toEqual([...new Set(keys)].sort())
    expect(keys).toHaveLength(Object.keys(catalogue).length)
  })

  test('uses the same values and the same links as the English message', () => {
    const wrong = Object.entries(catalogue).filter(([message, translated]) => {
      if (formatted.has(message) && !isSame(argumentsOf(message), argumentsOf(translated))) return true
      return !isSame(tagsOf(message), tagsOf(translated))
    })
    expect(wrong).toEqual([])
  })

  test('has the plural forms of its language', () => {
    const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    const lacking = [...formatted.keys()].filter((message) => {
      const forms = pluralsOf(catalogue[message] ?? '')
      return forms.some((options) => !wanted.every((one) => options.includes(one)) && !options.includes('=1'))
    })
    expect(lacking).toEqual([])
  })

  test('leaves no message as it is in English, but for names and words that are the same', () => {
    const same = Object.entries(catalogue).filter(([message, translated]) => message === translated)
    expect(same.filter(([message]) => message.split(' ').length > 3).map(([message]) => message)).toEqual([])
    expect(same.length).toBeLessThan(Object.keys(catalogue).length / 20)
  })
})

test('what the API’s page says of its operations are messages, too', () => {
  const words = Object.values(OPERATIONS).flatMap(({ summary, about, answers }) => [
    summary,
    about,
    ...answers.map((answer) => answer.about),
  ])
  expect(words.length).toBeGreaterThan(30)
  expect(words.filter((word) => word && !messages.has(word))).toEqual([])
})

test('what every object has is no message', () => {
  expect(inLanguage('da', () => ['constructor', '__proto__', 'toString'].map((word) => t(word)))).toEqual([
    'constructor',
    '__proto__',
    'toString',
  ])
})

test('a link in a sentence leads where it is told, whatever the address looks like, and nothing else becomes HTML', () => {
  expect(linked('See <a>this & that</a> <b>', { a: '/x?y=$&z=$1' })).toBe(
    'See <a href="/x?y=$&#38;z=$1">this &#38; that</a> &#60;b&#62;',
  )
})

test('a message is said in the language of whoever reads it, with its own plural', () => {
  const days = '{count, plural, one {# day} other {# days}}'
  expect(t(days, { count: 1 })).toBe('1 day')
  expect(inLanguage('sv', () => t(days, { count: 1 }))).toBe('1 dag')
  expect(inLanguage('fi', () => t(days, { count: 2 }))).toBe('2 päivää')
})

function argumentsOf(message: string): string[] {
  return [...new Set(partsOf(message).map(({ name }) => name))].sort()
}

function tagsOf(message: string): string[] {
  return [...message.matchAll(/<\/?[a-z]+>/g)].map(([tag]) => tag).sort()
}

function pluralsOf(message: string): string[][] {
  return partsOf(message).flatMap(({ options }) => (options ? [options] : []))
}

interface Part {
  name: string
  /** The forms of a plural. */
  options: string[] | null
}

/** ICU's types of parts: 0 is text, 6 a plural, 7 the number in it. */
function partsOf(message: string): Part[] {
  const parts: Part[] = []
  type Element = ReturnType<IntlMessageFormat['getAst']>[number]
  const walk = (elements: Element[]) => {
    for (const element of elements) {
      if (element.type === 0 || element.type === 7) continue
      const options = 'options' in element ? (element.options as Record<string, { value: Element[] }>) : null
      parts.push({
        name: String(element.value),
        options: element.type === 6 && options ? Object.keys(options) : null,
      })
      for (const { value } of Object.values(options ?? {})) walk(value)
    }
  }
  walk(new IntlMessageFormat(message, 'en', undefined, { ignoreTag: true }).getAst())
  return parts
}

function isSame(some: string[], others: string[]): boolean {
  return some.join() === others.join()
}
