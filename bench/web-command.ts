import { readFileSync } from 'node:fs'

/** How the platform starts a web process: the settings and options that stand in the Procfile before the program. */
export interface WebCommand {
  env: Record<string, string>
  nodeOptions: string[]
}

const PROCFILE = new URL('../Procfile', import.meta.url)
const WEB = /^web: ((?:\w+=\S+ )*)node ((?:-\S+ )*)src\/server\.ts$/m

/** @throws when the line isn't as expected: something else than production would be measured. */
export function webCommand(): WebCommand {
  const [, env, options] = WEB.exec(readFileSync(PROCFILE, 'utf8')) ?? []
  if (env === undefined || options === undefined) throw new Error('the Procfile starts web in another way')
  const words = (text: string) => text.split(' ').filter(Boolean)
  return {
    env: Object.fromEntries(words(env).map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    nodeOptions: words(options),
  }
}
