/** The import table: which room of src/ may know which. The first room that matches a file is its room. */
export interface Room {
  name: string
  files: RegExp
  /** Own modules it may import, as paths below src/ (or prisma/). */
  may: RegExp[]
  /** npm packages it must not name, whatever else. */
  never?: RegExp[]
}

const LEAF =
  /^src\/(money|clock|country|present|networks|database-address|errors|folder|paths|logger|crypto|mailer|metrics|push-target|language|html|format)\.ts$/
const PUSH_DOOR = /^src\/push\/index\.ts$/
const BANK_DOOR = /^src\/bank\/index\.ts$/
const MODELS = /^src\/models\/.+\.ts$/
const GENERATED = /^src\/generated\/.+\.ts$/
/** Types and enums of rows may be known more widely than the client that reads them. */
const ROW_TYPES = /^src\/generated\/(client|enums)\.ts$/
const MIDDLEWARE = /^src\/middleware\/.+\.ts$/
const ROUTES = /^src\/routes\.ts$/
const FORMS = /^src\/controllers\/(forms|view-models)\/.+\.ts$/
/** What admins see of the queue. */
const QUEUE = /^src\/jobs\/queue\.ts$/
const CONTROLLER_SHARED = /^src\/controllers\/(context|page|step-up|unknown-browser|bank-access)\.ts$/
const WEB_PACKAGES = [/^express/, /^ejs$/, /^passport/, /^csurf$/, /^helmet$/, /^connect-pg-simple$/]
const DATABASE_PACKAGES = [/^pg$/, /^@prisma\//]
/** Steers the emulator over HTTP, as anybody beside it may. */
const EMULATOR_CONTROL = /^src\/emulator-control\.ts$/
const QUEUE_PACKAGE = [/^pg-boss$/]
const HTTP_CLIENT = [/^undici(\/|$)/]

function controllers(router: string, more: RegExp[] = []): Room {
  return {
    name: `controllers/${router}`,
    files: new RegExp(`^src/controllers/${router}/.+\\.ts$`),
    may: [
      LEAF,
      MODELS,
      ROW_TYPES,
      MIDDLEWARE,
      ROUTES,
      FORMS,
      CONTROLLER_SHARED,
      new RegExp(`^src/controllers/${router}/.+\\.ts$`),
      ...more,
    ],
    never: [...DATABASE_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  }
}

export const ROOMS: Room[] = [
  { name: 'generated', files: GENERATED, may: [GENERATED] },
  {
    name: 'leaves',
    files: LEAF,
    may: [LEAF],
    never: [...WEB_PACKAGES, ...DATABASE_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  },
  { name: 'config', files: /^src\/config\.ts$/, may: [LEAF] },
  { name: 'process', files: /^src\/process\.ts$/, may: [LEAF, /^src\/config\.ts$/] },
  { name: 'db', files: /^src\/db\.ts$/, may: [LEAF, GENERATED], never: WEB_PACKAGES },
  {
    name: 'models',
    files: MODELS,
    // Of the bank only its words: types are erased, and no call can be made with them.
    may: [LEAF, MODELS, ROW_TYPES, /^src\/db\.ts$/, QUEUE, BANK_DOOR],
    never: [...WEB_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  },
  {
    name: 'bank',
    files: /^src\/bank\/.+\.ts$/,
    may: [LEAF, /^src\/bank\/.+\.ts$/],
    never: [...WEB_PACKAGES, ...DATABASE_PACKAGES, ...QUEUE_PACKAGE],
  },
  {
    name: 'push',
    files: /^src\/push\/.+\.ts$/,
    may: [LEAF, /^src\/push\/.+\.ts$/],
    never: [...WEB_PACKAGES, ...DATABASE_PACKAGES, ...QUEUE_PACKAGE],
  },
  { name: 'push-keys', files: /^src\/push-keys\.ts$/, may: [PUSH_DOOR] },
  {
    name: 'emulator-control',
    files: EMULATOR_CONTROL,
    may: [LEAF],
    never: [...WEB_PACKAGES, ...DATABASE_PACKAGES, ...QUEUE_PACKAGE],
  },
  {
    name: 'jobs/queue',
    files: QUEUE,
    // Pg-boss is loaded by whoever works, at that moment.
    may: [LEAF, /^src\/db\.ts$/, /^src\/jobs\/boss\.ts$/],
    never: WEB_PACKAGES,
  },
  {
    name: 'jobs/boss',
    files: /^src\/jobs\/boss\.ts$/,
    may: [LEAF, /^src\/db\.ts$/, QUEUE],
    never: WEB_PACKAGES,
  },
  {
    name: 'jobs/handlers',
    files: /^src\/jobs\/handlers\/.+\.ts$/,
    may: [LEAF, MODELS, BANK_DOOR, PUSH_DOOR, /^src\/jobs\/.+\.ts$/],
    never: [...WEB_PACKAGES, ...DATABASE_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  },
  {
    name: 'sandbox',
    files: /^src\/sandbox\/.+\.ts$/,
    may: [LEAF, /^src\/sandbox\/.+\.ts$/],
    never: [...DATABASE_PACKAGES, ...QUEUE_PACKAGE],
  },
  {
    name: 'embedded',
    files: /^src\/embedded\/.+\.ts$/,
    may: [LEAF, /^src\/embedded\/.+\.ts$/, /^src\/sandbox\/.+\.ts$/],
  },
  {
    name: 'middleware',
    files: MIDDLEWARE,
    may: [
      LEAF,
      MIDDLEWARE,
      /^src\/models\/(user|access|api-token|api-token\/scopes|browser|context|device|identity|proof-of-work|second-factor|throttle|network|visit)\.ts$/,
      ROW_TYPES,
    ],
    never: [...QUEUE_PACKAGE, ...HTTP_CLIENT, /^@prisma\//],
  },
  {
    name: 'routes',
    files: ROUTES,
    may: [LEAF, MIDDLEWARE],
    never: [...DATABASE_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  },
  { name: 'views', files: /^src\/views\.ts$/, may: [LEAF], never: DATABASE_PACKAGES },
  {
    name: 'files',
    files: /^src\/files\.ts$/,
    may: [LEAF, MIDDLEWARE, ROUTES],
    never: [...DATABASE_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  },
  {
    name: 'forms and view-models',
    files: FORMS,
    may: [LEAF, MODELS, ROW_TYPES, FORMS, BANK_DOOR, QUEUE],
    never: [...WEB_PACKAGES, ...DATABASE_PACKAGES],
  },
  {
    name: 'controllers',
    files: CONTROLLER_SHARED,
    may: [LEAF, MODELS, MIDDLEWARE, ROUTES, FORMS, BANK_DOOR, CONTROLLER_SHARED, QUEUE, EMULATOR_CONTROL],
    never: DATABASE_PACKAGES,
  },
  controllers('auth', [BANK_DOOR]),
  controllers('main'),
  controllers('admin', [BANK_DOOR, EMULATOR_CONTROL]),
  controllers('api'),
  {
    name: 'app and deps',
    files: /^src\/(app|deps)\.ts$/,
    may: [
      /^src\/(?!embedded|sandbox|server|cluster|web|worker|reconcile|admin-create|audit-verify|keys-rotate|push-keys|secrets-check|start|bank\/nordea|generated).+\.ts$/,
    ],
  },
  {
    name: 'operations',
    files: /^src\/operations\.ts$/,
    may: [LEAF, ROUTES, MIDDLEWARE, MODELS, ROW_TYPES, QUEUE, /^src\/(config|deps)\.ts$/],
    never: [...DATABASE_PACKAGES, ...QUEUE_PACKAGE, ...HTTP_CLIENT],
  },
  { name: 'web-server', files: /^src\/web-server\.ts$/, may: [LEAF] },
  {
    name: 'server',
    files: /^src\/server\.ts$/,
    // Loaded when it is known which of the two is wanted.
    may: [/^src\/(cluster|web)\.ts$/],
    never: [/./],
  },
  { name: 'cluster', files: /^src\/cluster\.ts$/, may: [], never: [/./] },
  {
    name: 'web and worker',
    files: /^src\/(web|worker|reconcile)\.ts$/,
    may: [
      LEAF,
      /^src\/(app|deps|config|files|process|web-server|operations)\.ts$/,
      /^src\/jobs\/handlers\/(index|reconcile)\.ts$/,
    ],
  },
  {
    name: 'keys-rotate',
    files: /^src\/keys-rotate\.ts$/,
    may: [LEAF, /^src\/(config|db)\.ts$/, /^src\/models\/key-rotation\.ts$/],
  },
  {
    name: 'admin-create',
    files: /^src\/admin-create\.ts$/,
    may: [LEAF, /^src\/(config|db)\.ts$/, /^src\/models\/(context|desk\/first-admin)\.ts$/],
  },
  {
    name: 'audit-verify',
    files: /^src\/audit-verify\.ts$/,
    may: [LEAF, /^src\/(config|db)\.ts$/, /^src\/models\/audit-chain\.ts$/],
  },
  {
    name: 'secrets-check',
    files: /^src\/secrets-check(\.ts|\/.+\.ts)$/,
    may: [/^src\/secrets-check\/.+\.ts$/],
    never: [/./],
  },
  {
    name: 'start',
    files: /^src\/start\.ts$/,
    may: [LEAF, /^src\/config\.ts$/, /^src\/embedded\/.+\.ts$/, /^src\/jobs\/queue\.ts$/, /^prisma\/.+\.ts$/],
  },
]

export interface Import {
  from: string
  /** A path below the project for own modules, a package name otherwise. */
  to: string
  isOwn: boolean
  isTypeOnly: boolean
}

/** What the table has against an import; null when nothing. */
export function objectionTo({ from, to, isOwn, isTypeOnly }: Import): string | null {
  const room = ROOMS.find((candidate) => candidate.files.test(from))
  if (!room) return `${from} stands in no room of the table`
  if (!isOwn) {
    const isBarred = room.never?.some((pattern) => pattern.test(to)) ?? false
    return isBarred && !isTypeOnly ? `${from} (${room.name}) must not name the package ${to}` : null
  }
  if (room.name === 'models' && BANK_DOOR.test(to) && !isTypeOnly)
    return `${from} (models) may know the bank's types only`
  return room.may.some((pattern) => pattern.test(to)) ? null : `${from} (${room.name}) must not import ${to}`
}
