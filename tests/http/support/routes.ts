import { createApp } from '../../../src/app.ts'
import type { Deps } from '../../../src/deps.ts'

interface Layer {
  rawPath: unknown
  route?: { path: unknown; methods: Record<string, boolean> }
  handle: { stack?: Layer[] }
}

/** Every route the app really has, as "POST /habits/:id/edit", read out of its routers. */
export function routesOf(deps: Deps): string[] {
  return [...new Set(walk('', createApp(deps).router.stack as unknown as Layer[]))].sort()
}

function walk(prefix: string, layers: readonly Layer[]): string[] {
  return layers.flatMap((layer) => {
    if (layer.route) {
      const path = prefix + textOf(layer.route.path)
      return Object.keys(layer.route.methods).map(
        (method) => `${method.toUpperCase()} ${path === `${prefix}/` && prefix ? prefix : path}`,
      )
    }
    if (!layer.handle.stack) return []
    const mount = textOf(layer.rawPath)
    return walk(prefix + (mount === '/' ? '' : mount), layer.handle.stack)
  })
}

/** @throws for lists and patterns: the census could not say what they stand for. */
function textOf(path: unknown): string {
  if (typeof path === 'string') return path
  throw new Error(`this route has no plain path: ${String(path)}`)
}
