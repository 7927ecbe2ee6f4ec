import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const SIMULATION = 'tests/simulation/**'

export default defineConfig({
  test: {
    // One PostgreSQL for all.
    globalSetup: ['tests/support/global-setup.ts'],
    // Two cores: more workers only make each test slower and time limits meaningless.
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      // Keeps all cores busy by itself, and is bound to a minute.
      group('simulation', 0, { include: ['tests/simulation/**/*.test.ts'] }),
      group('tests', 1, { include: ['tests/**/*.test.ts'], exclude: [SIMULATION] }),
    ],
  },
})

function group(
  name: string,
  groupOrder: number,
  files: { include: string[]; exclude?: string[] },
): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      sequence: { groupOrder },
      maxWorkers: 2,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      unstubEnvs: true,
      ...files,
    },
  }
}
