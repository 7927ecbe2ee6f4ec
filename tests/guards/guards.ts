/** What stands between somebody and what is not theirs, and how each of it is taken away. */
export interface Guard {
  name: string
  file: string
  /** Each must be there, and is replaced wherever it is. */
  changes: [from: string | RegExp, to: string][]
  /** Must fail without it. */
  tests: string[]
}

const MATRIX = ['tests/security/matrix.test.ts']
const TOKENS = ['tests/security/form-tokens.test.ts']
const FORGERY = ['tests/http/forgery.test.ts']
const HEADERS = ['tests/http/headers.test.ts']
const SESSIONS = ['tests/http/sessions.test.ts']
const LIMITS = ['tests/http/sign-in-limits.test.ts']

const AUTHORISATION = 'src/middleware/authorisation.ts'
const APP = 'src/app.ts'
const CSRF = 'src/middleware/csrf.ts'
const SESSION = 'src/middleware/session.ts'

/** Lets everybody pass. */
const passing = (name: string): Guard => ({
  name,
  file: AUTHORISATION,
  changes: [
    [new RegExp(`(?<=const ${name}: RequestHandler = [^{]*\\{\\n)`), '  if (Date.now()) return next()\n'],
  ],
  tests: MATRIX,
})

const without = (name: string, file: string, line: string | RegExp, tests: string[]): Guard => ({
  name,
  file,
  changes: [[line, '']],
  tests,
})

const NOT_OWNED: [name: string, file: string, from: string, to: string][] = [
  [
    'the owner of a habit',
    'src/models/habit.ts',
    'where: { id: habitId, userId: user.id } })\n      if (!habit)',
    'where: { id: habitId } })\n      if (!habit)',
  ],
  [
    'the owner of a payment',
    'src/models/payment/reading.ts',
    '        where: { id, userId },',
    '        where: { id },',
  ],
  ['the owner of a check-off', 'src/models/check-off/locking.ts', 'where: { id, userId }', 'where: { id }'],
  [
    'the owner of a consent',
    'src/models/consent.ts',
    'where: { id, userId, revokedAt: null }',
    'where: { id, revokedAt: null }',
  ],
  [
    'the owner of a list of payments',
    'src/models/payment/reading.ts',
    'where: { userId, ...(page.before',
    'where: { ...(page.before',
  ],
]

export const GUARDS: Guard[] = [
  ...['needsSignIn', 'needsConfirmedAddress', 'needsAdmin', 'needsFactor', 'needsFresh', 'needsNobody'].map(
    passing,
  ),
  {
    name: 'the form token',
    file: CSRF,
    changes: [
      [
        'csurf({ cookie: false, value: tokenOf }) as RequestHandler',
        '((req, _res, next) => { req.csrfToken = () => tokenOf(req); csurf; next() }) as RequestHandler',
      ],
    ],
    tests: TOKENS,
  },
  { name: 'Origin', file: CSRF, changes: [['(origin === undefined', '(true']], tests: TOKENS },
  { name: 'Sec-Fetch-Site', file: CSRF, changes: [['(site === undefined', '(true']], tests: TOKENS },
  without('security headers', APP, /^ {2}app\.use\(securityHeaders\(.*\n/m, HEADERS),
  without('no-store', APP, /^ {2}app\.use\(noStore\)\n/m, HEADERS),
  without('the canonical host', APP, /^ {2}app\.use\(canonicalHost\(.*\n/m, HEADERS),
  without('known methods', APP, /^ {2}app\.use\(knownMethods\)\n/m, MATRIX),
  without('forms only', APP, /^ {2}app\.use\(onlyForms\)\n/m, FORGERY),
  without('the limit of forms a minute', APP, /^ {2}app\.use\(writeLimit\(.*\n/m, LIMITS),
  {
    name: 'the pauses after wrong passwords',
    file: 'src/models/throttle.ts',
    changes: [
      [
        /(?<=async attempt\(what: Tried, whose: string\): Promise<number> \{\n)/,
        '      if (what) return 0\n',
      ],
    ],
    tests: LIMITS,
  },
  without('the browser of a session', SESSION, /^.*return 'other-browser'\n/m, LIMITS),
  {
    name: 'the network of a session',
    file: SESSION,
    changes: [["options.binding === 'network' && ", 'false && ']],
    tests: LIMITS,
  },
  without('the end of an idle session', SESSION, /^.*return 'idle'\n/m, LIMITS),
  without('the end of a long session', SESSION, /^.*return 'too-old'\n/m, SESSIONS),
  ...NOT_OWNED.map(
    ([name, file, from, to]): Guard => ({ name, file, changes: [[from, to]], tests: FORGERY }),
  ),
  {
    name: 'strict forms',
    file: 'src/controllers/forms/habit-forms.ts',
    changes: [[/strictObject/g, 'object']],
    tests: FORGERY,
  },
  {
    name: 'the session that asked the bank',
    file: 'src/models/consent.ts',
    changes: [[/(?<=async redeemState\([\s\S]{0,500}?)\n\s*hashedSession: digestOf\(sessionId\),/, '']],
    tests: ['tests/http/bank-link.test.ts'],
  },
  without('refusals in the trail', 'src/middleware/error-handler.ts', /^.*await noteRefusal\(.*\n/m, [
    'tests/security/refusals.test.ts',
  ]),
  {
    name: 'escaping in mails',
    file: 'src/jobs/handlers/letters.ts',
    changes: [[/(?<=function escapeHtml\(text: string\): string \{\n {2}return ).*/, 'text']],
    tests: ['tests/unit/escaping.test.ts'],
  },
  without('the end of a process after an uncaught error', 'src/process.ts', "stop('uncaught exception', 1)", [
    'tests/security/last-resort.test.ts',
  ]),
]
