/** Which calls an armed fault is meant for. */

/** @returns what "<METHOD> <path>" is tested against. */
export function routePattern(route: string): RegExp {
  const source = route
    .split(/(\*|:\w+)/)
    .map((part) =>
      part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('')
  return new RegExp(`^${source}$`)
}
