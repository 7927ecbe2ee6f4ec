/** What a platform is told about the app is true of it. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsSchema } from '../../src/config.ts'

const procfile = readFileSync('Procfile', 'utf8')
const { env, formation } = JSON.parse(readFileSync('app.json', 'utf8')) as {
  env: Record<string, string | { value?: string; generator?: string; description?: string }>
  formation: Record<string, unknown>
}

test('the Procfile has web, worker and release, each a program that there is and that gets its signals itself', () => {
  const lines = procfile.trimEnd().split('\n')
  const programs = lines.map((line) => /^(\w+): (?:\w+=\S+ )*node (?:-\S+ )*(\S+)$/.exec(line) ?? [])
  expect(programs.map(([, name]) => name)).toEqual(['web', 'worker', 'release'])
  for (const [, , file = ''] of programs) expect(existsSync(file)).toBe(true)
  expect(Object.keys(formation)).toEqual(['web', 'worker'])
})

test('app.json asks for every setting that production needs and has no default, and for none that there isn’t', () => {
  const { shape } = settingsSchema
  const names = Object.keys(env)
  expect(names.filter((name) => !(name in shape))).toEqual([])
  const needed = Object.entries(shape).flatMap(([name, schema]) =>
    schema.safeParse(undefined).success || name === 'DATABASE_URL' ? [] : name,
  )
  expect(needed.filter((name) => !names.includes(name))).toEqual([])
})

test('no secret has a value in app.json, and each value that stands there is a good one', () => {
  for (const [name, wish] of Object.entries(env)) {
    const value = typeof wish === 'string' ? wish : wish.value
    const schema = settingsSchema.shape[name as keyof typeof settingsSchema.shape]
    if (value !== undefined) expect({ name, ok: schema.safeParse(value).success }).toEqual({ name, ok: true })
    if (/SECRET|PEPPER|KEY|TOKEN/.test(name)) expect({ name, value }).toEqual({ name, value: undefined })
  }
})

test('nothing is asked for by the platform that its secrets would not pass', () => {
  // Heroku makes 64 hexadecimal digits.
  const made = 'b7d4f0c1b7d4f0c1b7d4f0c193ae5568d1f02c7b4e6a8095cdb7f3e1a2648d0c'
  for (const [name, wish] of Object.entries(env))
    if (typeof wish === 'object' && wish.generator === 'secret')
      expect(settingsSchema.shape[name as keyof typeof settingsSchema.shape].safeParse(made).success).toBe(
        true,
      )
})
