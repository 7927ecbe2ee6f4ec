import { describe, expect, test } from 'vitest'
import { scan } from '../scan/scan.ts'
import { openStage } from '../scan/stage.ts'
import { type Finding, KINDS } from '../scan/target.ts'
import { testDatabase } from '../support/database.ts'
import { startLeakyApp } from './support/leaky.ts'

const QUICKLY = { isQuick: true, say: () => {} }
/** Half a minute when nobody else is at work. */
const IN_TIME = { timeout: 400_000 }

test('a quick scan of our own app finds nothing', IN_TIME, async () => {
  const stage = await openStage(await testDatabase(), false)
  try {
    const { counts, findings } = await scan(stage.target, QUICKLY)
    console.log(`scan: ${JSON.stringify(counts)}`)
    expect(findings).toEqual([])
    expect(counts.forms).toBeGreaterThan(40)
    expect(counts.places).toBeGreaterThan(150)
  } finally {
    await stage.close()
  }
})

describe('a scan of an app with holes', IN_TIME, () => {
  let found: Finding[] = []
  const whereOf = (kind: string) => found.filter((one) => one.kind === kind).map(({ where }) => where)

  test('finds something of every kind', async () => {
    const leaky = await startLeakyApp(await testDatabase())
    try {
      found = (await scan(leaky.target, QUICKLY)).findings
    } finally {
      await leaky.close()
    }
    expect(KINDS.filter((kind) => whereOf(kind).length === 0)).toEqual([])
  })

  test('says where', () => {
    expect(whereOf('sql-error')).toContain('POST /tells word')
    expect(whereOf('sql-condition')).toContain('POST /finds word')
    expect(whereOf('sql-condition')).not.toContain('POST /changes word')
    expect(whereOf('sql-time')).toContain('POST /sleeps word')
    // By its text alone, although nothing shows in any answer.
    expect(whereOf('sql-text')).toContain('POST /sleeps word')
    expect(whereOf('markup')).toEqual(expect.arrayContaining(['POST /echo word', 'GET / (visitor)']))
    expect(whereOf('redirect').join()).toContain('?next')
    expect(whereOf('sql-text')).not.toContain('POST /echo word')
  })
})
