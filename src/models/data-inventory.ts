/** What we keep about whom, why, for how long, and what becomes of it; docs/data.md shows the same as a table. */
import { TABLES } from './data-inventory-tables.ts'

/** Five kinds of what is worth protecting, and how much: 1 is a nuisance, 3 is harm to people or their money. */
export const CLASSES = {
  credential: {
    means: 'opens something, or proves that somebody may',
    confidentiality: 3,
    integrity: 3,
    availability: 2,
  },
  identifying: {
    means: 'says by itself who somebody is',
    confidentiality: 3,
    integrity: 2,
    availability: 2,
  },
  financial: {
    means: 'money: what is promised, moved, saved',
    confidentiality: 2,
    integrity: 3,
    availability: 3,
  },
  indirect: {
    means: 'says something of a person, once one knows who it is',
    confidentiality: 2,
    integrity: 2,
    availability: 1,
  },
  security: {
    means: 'what our defences and their history rest on',
    confidentiality: 2,
    integrity: 3,
    availability: 2,
  },
} as const

export type DataClass = keyof typeof CLASSES

/** Why a saver's export leaves something out; everything else of theirs is in it. */
export const LEFT_OUT = {
  secret: 'whoever read it in a stolen export could act with it, or try to guess what it stands for',
  others: 'says something of somebody else',
  working:
    'how the app goes about its work; says nothing of the person that isn’t said elsewhere in the export',
} as const

/** What erasing a saver does with it. */
export const ON_ERASURE = {
  gone: 'the row goes',
  cleared: 'becomes empty',
  replaced: 'a word or random value of ours takes its place',
  stays: 'stays, with the random id of somebody nobody can name any more',
} as const

/** Why we may (GDPR, article 6 (1)). */
export const BASES = {
  contract: 'b: without it we couldn’t do what the saver has asked for',
  law: 'c: books and traces of payments have to be kept',
  interest: 'f: keeping accounts and money safe, and showing later what happened',
  none: 'about nobody',
} as const

/** class, whether it is exported, what erasing does: "identifying exported replaced". */
export type ColumnFacts = `${DataClass} ${'exported' | keyof typeof LEFT_OUT} ${keyof typeof ON_ERASURE}`

/** How the rows of one saver are found. */
export type Owner =
  | { column: string }
  /** Through a row that has the saver's id. */
  | { column: string; of: 'Habit' | 'Payment' }
  | { json: 'session' | 'job' }

export interface TableFacts {
  purpose: string
  basis: keyof typeof BASES
  owner: Owner | null
  /** Why no row of it is exported as a whole, although it knows of savers. */
  unexported?: string
  /** In words; where a rule below carries it out, the rule says the days. */
  kept: string
  /** Rows whose instant here is so many days past are removed by the daily job. */
  removed?: { by: string; days: number }
  /** So is the content of this column. */
  cleared?: { column: string; by: string; days: number }
  /** "*" stands for the rest, in tables that a library made and keeps. */
  columns: Record<string, ColumnFacts>
}

export interface ColumnPlace {
  class: DataClass
  export: 'exported' | keyof typeof LEFT_OUT
  erasure: keyof typeof ON_ERASURE
}

/** @returns null for a column that nobody has thought about. */
export function factsOf(table: string, column: string): ColumnPlace | null {
  const columns = TABLES[table]?.columns
  const facts = columns?.[column] ?? columns?.['*']
  if (!facts) return null
  const [dataClass, inExport, erasure] = facts.split(' ')
  return { class: dataClass, export: inExport, erasure } as ColumnPlace
}

/** The columns of a table that a saver's export shows. */
export function exportedColumns(table: string): string[] {
  return Object.keys(TABLES[table]?.columns ?? {}).filter(
    (column) => factsOf(table, column)?.export === 'exported',
  )
}

/** Markdown, one line a column. */
export function inventoryTable(): string {
  const classes = Object.entries(CLASSES).map(
    ([name, { means, confidentiality, integrity, availability }]) =>
      `| ${name} | ${means} | ${confidentiality} | ${integrity} | ${availability} |`,
  )
  const tables = Object.entries(TABLES).map(([name, facts]) => {
    const rows = Object.keys(facts.columns).map((column) => {
      const place = factsOf(name, column)
      return `| ${column === '*' ? 'all others' : column} | ${place?.class} | ${place?.export} | ${place?.erasure} |`
    })
    return [
      `### ${name}`,
      '',
      `${facts.purpose}. Basis: ${facts.basis}. Kept: ${facts.kept}.${facts.unexported ? ` Not exported: ${facts.unexported}.` : ''}`,
      '',
      '| column | class | export | erasure |',
      '|---|---|---|---|',
      ...rows,
    ].join('\n')
  })
  const head = '| class | means | confidentiality | integrity | availability |\n|---|---|---|---|---|'
  return [[head, ...classes].join('\n'), ...tables].join('\n\n')
}

export { TABLES }
