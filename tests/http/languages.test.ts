import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.ts'
import { addFactor, newSaver, PASSWORD } from '../support/people.ts'
import { textOf, Visitor } from '../support/visitor.ts'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const asking = (language: string) => new Visitor(app, { 'accept-language': language })
const languageIn = (page: { text: string }) => /<html lang="([^"]*)">/.exec(page.text)?.[1]
const localeOf = async (id: string) =>
  (await app.deps.db.prisma.user.findUniqueOrThrow({ where: { id } })).locale

describe('a visitor', () => {
  test.each([
    ['sv', 'sv'],
    ['da', 'da'],
    ['nb', 'nb'],
    ['no', 'nb'],
    ['nn', 'nb'],
    ['fi', 'fi'],
    ['en', 'en'],
    ['de', 'en'],
    ['sv-FI,fi;q=0.8', 'sv'],
    ['de, da;q=0.5, en;q=0.3', 'da'],
    ['*', 'en'],
    ['', 'en'],
  ])('whose browser asks for %o reads %s', async (asked, language) => {
    for (const path of ['/', '/login', '/no-such-page', '/offline'])
      expect(languageIn(await asking(asked).get(path)), path).toBe(language)
  })

  test('reads in it also what is wrong with a form', async () => {
    const answer = await asking('da').post('/password/forgot', { email: 'nobody' })
    expect([answer.status, languageIn(answer)]).toEqual([422, 'da'])
  })

  test('who has chosen a language here reads that one, until they come with another browser', async () => {
    const visitor = asking('fi')
    await visitor.get('/login')
    const chosen = await visitor.post('/language', { language: 'da', back: '/login?from=here' })
    expect([chosen.status, chosen.headers.location]).toEqual([303, '/login?from=here'])
    expect(languageIn(await visitor.get('/login'))).toBe('da')
    expect(languageIn(await asking('fi').get('/login'))).toBe('fi')
  })

  test('finds the page to choose from on every page, and each language called by its own name', async () => {
    const visitor = asking('fi')
    expect((await visitor.get('/login?x=1')).text).toContain('href="/language?back=%2Flogin"')
    for (const path of ['/confirm/one-time', '/bank/callback?code=one-time', '/no-such-page'])
      expect((await visitor.follow(path)).text, path).not.toMatch(/back=[^"]*(?:one-time|no-such)/)
    const page = await visitor.get('/language?back=%2Flogin')
    expect(page.text).toContain('name="back" value="/login"')
    for (const [language, name] of [
      ['en', 'English'],
      ['sv', 'Svenska'],
      ['da', 'Dansk'],
      ['nb', 'Norsk bokmål'],
      ['fi', 'Suomi'],
    ]) {
      expect(page.text).toContain(`value="${language}" lang="${language}"`)
      expect(textOf(page.text)).toContain(name)
    }
  })
})

describe('the form', () => {
  test.each(['//elsewhere.example', 'https://elsewhere.example/', '/\\elsewhere.example', 'login', ''])(
    'leads home, not to %o',
    async (back) => {
      const visitor = asking('en')
      const chosen = await visitor.post('/language', { language: 'sv', back })
      expect([chosen.status, chosen.headers.location]).toEqual([303, '/'])
      const page = await visitor.get(`/language?back=${encodeURIComponent(back)}`)
      expect(page.text).toContain('name="back" value="/"')
    },
  )

  test.each(['de', 'SV', 'en-GB', '', 'toString'])('refuses the language %o', async (language) => {
    const visitor = asking('sv')
    const answer = await visitor.post('/language', { language, back: '/login' })
    expect([answer.status, languageIn(answer)]).toEqual([422, 'sv'])
    expect(languageIn(await visitor.get('/login'))).toBe('sv')
  })
})

describe('an account', () => {
  test('gets the language of the page it is made on', async () => {
    const { user } = await newSaver(app, 'Ida Berg', asking('nn'))
    expect(user.locale).toBe('nb')
    const visitor = asking('nn')
    await visitor.post('/language', { language: 'sv' })
    expect((await newSaver(app, 'Ida Berg', visitor)).user.locale).toBe('sv')
  })

  test('is read in its own language, whatever the browser asks for or a visitor had chosen', async () => {
    const { email } = await newSaver(app, 'Ida Berg', asking('sv'))
    const visitor = asking('fi')
    await visitor.post('/language', { language: 'da' })
    await visitor.post('/login', { email, password: PASSWORD })
    expect(languageIn(await visitor.get('/dashboard'))).toBe('sv')
    await visitor.post('/logout')
    expect(languageIn(await visitor.get('/'))).toBe('fi')
  })

  test('keeps a choice for good, and so it is in another browser', async () => {
    const { visitor, user, email } = await newSaver(app)
    await visitor.get('/settings')
    const chosen = await visitor.post('/language', { language: 'fi', back: '/settings' })
    expect([chosen.status, chosen.headers.location]).toEqual([303, '/settings'])
    expect(languageIn(await visitor.get('/settings'))).toBe('fi')
    expect(await localeOf(user.id)).toBe('fi')
    const other = asking('da')
    await other.post('/login', { email, password: PASSWORD })
    expect(languageIn(await other.get('/dashboard'))).toBe('fi')
  })

  test('has it as a setting, which counts from the next page on', async () => {
    const { visitor, user } = await newSaver(app)
    await visitor.get('/settings')
    const settings = { fullName: 'Ida Berg', timezone: 'Europe/Oslo', dayStartHour: '0', weekStart: '1' }
    expect((await visitor.post('/settings', { ...settings, locale: 'nb' })).status).toBe(303)
    expect(languageIn(await visitor.get('/settings'))).toBe('nb')
    expect((await visitor.post('/settings', { ...settings, locale: 'nn' })).status).toBe(422)
    expect(await localeOf(user.id)).toBe('nb')
  })

  test('is not known yet between the password and the code: what the visitor has chosen stays', async () => {
    const { email } = await addFactor(app, await newSaver(app))
    const visitor = asking('fi')
    await visitor.post('/language', { language: 'da' })
    expect((await visitor.post('/login', { email, password: PASSWORD })).headers.location).toBe('/login/code')
    expect(languageIn(await visitor.get('/login/code'))).toBe('da')
  })

  test('is not given a language that there is none of, by the database either', async () => {
    const { user } = await newSaver(app)
    const changing = app.deps.db.prisma.user.update({ where: { id: user.id }, data: { locale: 'de' } })
    await expect(changing).rejects.toThrow('User_locale_check')
    expect(await localeOf(user.id)).toBe('en')
  })
})
