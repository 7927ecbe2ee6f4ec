import type { DataClass } from '../../models/data-inventory.ts'

/** The role in docs/operate.md that answers for it. */
export type Role = 'Developer on duty' | 'Operator' | 'Security lead' | 'Data protection contact'

export interface AreaFacts {
  /** Kinds of data that go in or out there; none where nothing is told of anybody. */
  data: readonly DataClass[]
  owner: Role
}

const MONEY: AreaFacts = { data: ['financial', 'indirect'], owner: 'Developer on duty' }
const WAY_IN: AreaFacts = { data: ['credential', 'identifying'], owner: 'Security lead' }
const FILES: AreaFacts = { data: [], owner: 'Developer on duty' }
const MACHINES: AreaFacts = { data: [], owner: 'Operator' }

/** What goes in and out at an address and at all below it; the longest that fits counts. */
export const AREAS: Readonly<Record<string, AreaFacts>> = {
  '/': FILES,
  '/files': FILES,
  '/icons': FILES,
  '/favicon.ico': FILES,
  '/apple-touch-icon.png': FILES,
  '/manifest.webmanifest': FILES,
  '/sw.js': FILES,
  '/offline': FILES,
  '/letters': { data: ['indirect'], owner: 'Data protection contact' },
  '/icon.svg': FILES,
  '/healthz': MACHINES,
  '/readyz': MACHINES,
  '/metrics': { data: ['security'], owner: 'Operator' },
  '/.well-known': { data: [], owner: 'Security lead' },
  '/privacy': { data: [], owner: 'Data protection contact' },

  '/developers': { data: [], owner: 'Developer on duty' },
  '/api': MONEY,

  '/login': WAY_IN,
  '/language': WAY_IN,
  '/logout': WAY_IN,
  '/session': WAY_IN,
  '/signup': WAY_IN,
  '/confirm': WAY_IN,
  '/password': WAY_IN,
  '/browser': WAY_IN,
  '/address': WAY_IN,

  '/bank': { data: ['credential', 'financial'], owner: 'Developer on duty' },
  '/accounts': { data: ['identifying', 'financial'], owner: 'Developer on duty' },
  '/dashboard': MONEY,
  '/habits': MONEY,
  '/goals': MONEY,
  '/breaks': { data: ['indirect'], owner: 'Developer on duty' },
  '/checkoffs': MONEY,
  '/payments': MONEY,
  '/statement': MONEY,
  '/import': { data: ['identifying', 'financial', 'indirect'], owner: 'Data protection contact' },

  '/profile': { data: ['identifying', 'indirect'], owner: 'Data protection contact' },
  '/activity': { data: ['security', 'indirect'], owner: 'Data protection contact' },
  '/settings': { data: ['identifying', 'indirect'], owner: 'Developer on duty' },
  '/settings/security': WAY_IN,
  '/settings/tokens': WAY_IN,
  '/settings/data': {
    data: ['identifying', 'financial', 'indirect', 'security'],
    owner: 'Data protection contact',
  },
  '/settings/savings': MONEY,

  '/admin': { data: ['security', 'indirect'], owner: 'Operator' },
  '/admin/status': { data: ['security'], owner: 'Operator' },
  '/admin/users': { data: ['identifying', 'security'], owner: 'Security lead' },
  '/admin/payments': MONEY,
  '/admin/review': MONEY,
  '/admin/calls': MONEY,
  '/admin/audit': { data: ['identifying', 'security'], owner: 'Security lead' },
  '/admin/sandbox': { data: ['financial'], owner: 'Developer on duty' },
}

/** @returns null for an address that nobody has thought about. The start page stands for itself alone. */
export function areaOf(path: string): string | null {
  const parts = path === '/' ? [] : path.split('/').slice(1)
  for (let length = parts.length; length > 0; length -= 1) {
    const area = `/${parts.slice(0, length).join('/')}`
    if (area in AREAS) return area
  }
  return path === '/' ? '/' : null
}
