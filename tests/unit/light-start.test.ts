import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** What a fresh process has read of Node itself, once it has read this. */
function readOfNode(program: string): string[] {
  const said = `await import('./src/${program}'); console.log(JSON.stringify(process.moduleLoadList))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', said], { encoding: 'utf8' }))
}

test('the app and its server do not bring Node’s own web client along, which takes ten megabytes', () => {
  for (const program of ['app.ts', 'deps.ts', 'web-server.ts', 'cluster.ts'])
    expect([program, ...readOfNode(program).filter((name) => name.includes('undici'))]).toEqual([program])
})

test('and it would be seen if they did', () => {
  expect(readOfNode('sandbox/index.ts').join()).toContain('undici')
})
