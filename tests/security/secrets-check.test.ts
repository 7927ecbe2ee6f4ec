/** `npm run secrets:check`: finds what it is planted, shows it to nobody, and finds nothing in what is ours. */
import { execFile, execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomApiToken } from '../../src/crypto.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const COMMAND = join(ROOT, 'src', 'secrets-check.ts')
const hasGit = succeeds('git', ['--version'])

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sparvana-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function succeeds(program: string, args: string[], cwd = ROOT): boolean {
  try {
    execFileSync(program, args, { cwd, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function git(...args: string[]): void {
  const who = ['-c', 'user.name=Ida', '-c', 'user.email=ida@example.com', '-c', 'commit.gpgsign=false']
  execFileSync('git', [...who, ...args], { cwd: folder, stdio: 'pipe', env: environment() })
}

/** Without what a hook of git's would hand on: it would point at another repository. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
}

function check(
  where = folder,
  env: NodeJS.ProcessEnv = environment(),
): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, where], { env }, (failed, out, error) =>
      resolve({ code: failed ? Number(failed.code) : 0, out, error }),
    )
  })
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

function commit(file: string, text: string, words = 'A change'): void {
  write(file, text)
  git('add', '-f', file)
  git('commit', '-m', words)
}

const letters = (length: number) => randomBytes(length).toString('hex').slice(0, length)
const capitals = (length: number) => letters(length).toUpperCase().replaceAll('0', 'Q')
const base64 = (length: number) => randomBytes(length).toString('base64')

/** An account number that nobody has published, with the check digits it must have. */
function unknownIban(): string {
  const number = String(10_000_000_000_000 + (randomBytes(5).readUIntBE(0, 5) % 9e12))
  // D and K count as 13 and 20, and the check digits come last.
  const check = 98n - (BigInt(`${number}132000`) % 97n)
  return `DK${String(check).padStart(2, '0')}${number}`
}

const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()

/** Made anew each time, so that this file has nothing in it to be found. */
const PLANTED: [what: string, rule: string, secret: () => string, around: (secret: string) => string][] = [
  ['a private key', 'private key', pem, (key) => key],
  ['an AWS key', 'AWS key', () => `AKIA${capitals(16)}`, (key) => `key ${key}`],
  ['a GitHub token', 'GitHub token', () => `ghp_${letters(36)}`, (token) => `// ${token}`],
  ['an npm token', 'npm token', () => `npm_${letters(36)}`, (token) => `//registry/:_auth=${token}`],
  ['a key of Heroku’s', 'Heroku key', () => `HRKU-${letters(36)}`, (key) => `curl -H "Bearer ${key}"`],
  ['a token of ours', 'Sparvana token', () => randomApiToken(), (token) => `-H "Bearer ${token}"`],
  [
    'a signed token',
    'signed token',
    () => ['eyJ', '.eyJ', '.'].map((start) => start + letters(20)).join(''),
    (token) => `expect("${token}")`,
  ],
  [
    'a password in an address',
    'credentials in an address',
    () => letters(12),
    (password) => `url: postgres://sparvana:${password}@db.example:5432/main`,
  ],
  [
    'a secret in code',
    'secret as it stands',
    () => base64(32),
    (secret) => `const clientSecret = '${secret}'`,
  ],
  ['a secret in JSON', 'secret as it stands', () => base64(32), (secret) => `{ "api_key": "${secret}" }`],
  ['keys among the settings', 'secret in a setting', () => `1:${base64(32)}`, (keys) => `TOKEN_KEYS=${keys}`],
  ['an account number', 'account number', unknownIban, (iban) => `await pay('${iban}', 100)`],
  [
    'an account number in groups',
    'account number',
    unknownIban,
    (iban) => `Pay to ${iban.match(/.{1,4}/g)?.join(' ')}, please`,
  ],
]

describe.skipIf(!hasGit)('in a repository', () => {
  beforeEach(() => git('init', '--quiet'))

  test('each of these is found where it lies, and where it once lay, and none is shown', async () => {
    const secrets = PLANTED.map(([, , make]) => make())
    const fileOf = (at: number) => `src/file ${at}.ts`
    PLANTED.forEach(([, , , around], at) => {
      write(fileOf(at), `// first\n${around(secrets[at] ?? '')}\n`)
    })
    git('add', '.')
    git('commit', '-m', 'Secrets')
    const { code, out } = await check()
    expect(code).toBe(1)
    PLANTED.forEach(([what, rule], at) => {
      expect(out, what).toMatch(
        new RegExp(`^${rule}: .*\\n {4}${fileOf(at)}:2\\n {4}[0-9a-f]+ ${fileOf(at)}$`, 'm'),
      )
    })

    git('rm', '--quiet', '-r', 'src')
    git('commit', '-m', 'Away with them')
    const gone = await check()
    expect(gone.code).toBe(1)
    PLANTED.forEach(([what, rule], at) => {
      expect(gone.out, what).toMatch(new RegExp(`^${rule}: .*\\n {4}[0-9a-f]+ ${fileOf(at)}$`, 'm'))
    })
    for (const secret of secrets) expect(out + gone.out).not.toContain(secret.slice(5, 100))
  })

  test('a secret that lies on another branch only, or came with a merge, or stands in the words of a commit, is found', async () => {
    commit('README.md', 'Hello\n')
    git('switch', '--quiet', '-c', 'aside')
    commit('aside.ts', `const apiKey = '${base64(32)}'\n`)
    git('switch', '--quiet', '-')
    commit('README.md', 'Hello\n\n', `Use ghp_${letters(36)}`)
    git('merge', '--quiet', '--no-ff', '--no-commit', 'aside')
    write('merged.ts', `const peppers = 'AKIA${capitals(16)}'\n`)
    git('rm', '--quiet', '-f', 'aside.ts')
    git('add', 'merged.ts')
    git('commit', '-m', 'Merge')
    git('rm', '--quiet', 'merged.ts')
    git('commit', '-m', 'Away with it')
    const { code, out } = await check()
    expect(code).toBe(1)
    expect(out).toMatch(/secret as it stands: .*\n {4}[0-9a-f]+ aside\.ts/)
    expect(out).toMatch(/GitHub token: .*\n {4}[0-9a-f]+ \(its words\)/)
    expect(out).toMatch(/AWS key: .*\n {4}[0-9a-f]+ merged\.ts/)
  })

  test.each(['.env', '.env.production', 'keys/tls.pem', 'deploy/id_ed25519', '.npmrc', 'data/secrets.json'])(
    'a file %s is found, also when it is gone',
    async (file) => {
      commit(file, 'empty\n')
      expect((await check()).out).toContain(`a file for secrets: ${file}\n`)
      git('rm', '--quiet', file)
      git('commit', '-m', 'Away with it')
      const { code, out } = await check()
      expect(out).toContain(`a file for secrets: ${file}\n`)
      expect(code).toBe(1)
    },
  )

  test('what only looks like one is left alone', async () => {
    commit(
      'src/innocent.ts',
      [
        'const accessToken = await readToken(request)',
        "const tokenPath = '/personal/v5/authorize/token'",
        "const passwordField = 'password'",
        'SESSION_SECRET="$(openssl rand -base64 48)"',
        "const iban = 'DK3420301544117544'",
        "const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'",
        'smtps://user:password@host',
        'TOKEN_KEYS=',
      ].join('\n'),
    )
    commit('.env.example', 'SESSION_SECRET=\n')
    commit('.gitignore', '.env\n')
    write('.env', `SESSION_SECRET=${base64(48)}\n`)
    expect(await check()).toMatchObject({ code: 0, out: expect.stringContaining('No secrets in 3 files') })
  })

  test('a secret is found before it is committed', async () => {
    write('src/new.ts', `const apiKey = '${base64(32)}'\n`)
    git('commit', '--quiet', '--allow-empty', '-m', 'Nothing')
    expect(await check()).toMatchObject({ code: 1, out: expect.stringContaining('src/new.ts:1') })
  })

  test('a history that is cut off is not called clean', async () => {
    commit('README.md', 'one\n')
    commit('README.md', 'two\n')
    const whole = folder
    folder = mkdtempSync(join(tmpdir(), 'sparvana-secrets-'))
    git('clone', '--quiet', '--depth', '1', `file://${whole}`, '.')
    rmSync(whole, { recursive: true })
    const { code, out } = await check()
    expect(out).toContain('the history is cut off')
    expect(code).toBe(2)
  })
})

describe('without a repository', () => {
  test('the files are looked at, and it is said that the history was not', async () => {
    write('README.md', 'Hello\n')
    write('node_modules/x/index.js', `const apiKey = '${base64(32)}'\n`)
    expect(await check()).toMatchObject({ code: 2, out: expect.stringContaining('there is no history here') })
    write('src/a.ts', `const apiKey = '${base64(32)}'\n`)
    expect(await check()).toMatchObject({ code: 1, out: expect.stringContaining('src/a.ts:1') })
  })

  test('and without git it is the same', async () => {
    write('README.md', 'Hello\n')
    expect(await check(folder, { PATH: '' })).toMatchObject({
      code: 2,
      out: expect.stringContaining('no git'),
    })
  })

  test('a folder that is not there is no clean folder', async () => {
    expect(await check(join(folder, 'nowhere'))).toMatchObject({ code: 2 })
  })
})

test('there are no secrets in ours: in no file, and in no commit there is', async () => {
  const { code, out } = await check(ROOT)
  expect(out).toMatch(/^No secrets in \d+ files, /)
  const isWhole = out.includes('history and all')
  expect(code).toBe(isWhole ? 0 : 2)
})
