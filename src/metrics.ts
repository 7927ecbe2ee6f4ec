/** What is counted for whoever watches the app, in Prometheus' text format (version 0.0.4). */

type Labels = Readonly<Record<string, string>>

interface Sample {
  labels?: Labels
  value: number
  /** Of a histogram's parts: "_bucket", "_sum", "_count". */
  suffix?: string
}

/** Everything of one name. */
export interface Family {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  samples: Sample[]
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function exposition(families: readonly Family[]): string {
  return families
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${written(labels)} ${value}`),
    ])
    .join('\n')
    .concat('\n')
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

export function gauge(name: string, help: string, samples: Sample[]): Family {
  return { name, help, type: 'gauge', samples }
}

/** Seconds; most pages take a hundredth, one that asks the bank may take 23. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const METHODS = ['GET', 'HEAD', 'POST']

interface Route {
  labels: { method: string; route: string }
  byStatus: Map<string, number>
  /** How many took at most so long, each bound by itself; the last place is for all that took longer. */
  counts: number[]
  seconds: number
}

/** What one route has had; seconds, as near as the bounds of the histogram tell. */
export interface RouteFigures {
  method: string
  route: string
  count: number
  /** 4xx: turned away or asked wrongly. */
  refused: number
  /** 5xx: our own fault, or the bank's. */
  errors: number
  /** Half of them took at most so long, and 95 of 100. */
  median: number
  slow: number
}

export interface RequestMetrics {
  /** @param route its pattern in the table of routes, never an address: there must be no end of labels. */
  observe(asked: { method: string; route: string; status: number; ms: number }): void
  families(): Family[]
  /** The most asked first. */
  byRoute(): RouteFigures[]
}

/** How many requests each route has had, how many of them failed, and how long they took: of this process, since it started. */
export function createRequestMetrics(): RequestMetrics {
  const routes = new Map<string, Route>()

  function routeOf(method: string, route: string): Route {
    const key = `${method} ${route}`
    const known = routes.get(key)
    if (known) return known
    const fresh = {
      labels: { method, route },
      byStatus: new Map(),
      counts: Array.from({ length: BOUNDS.length + 1 }, () => 0),
      seconds: 0,
    }
    routes.set(key, fresh)
    return fresh
  }

  return {
    observe({ method, route, status, ms }) {
      const seen = routeOf(METHODS.includes(method) ? method : 'other', route)
      const kind = `${Math.floor(status / 100)}xx`
      seen.byStatus.set(kind, (seen.byStatus.get(kind) ?? 0) + 1)
      const found = BOUNDS.findIndex((bound) => ms / 1_000 <= bound)
      const place = found < 0 ? BOUNDS.length : found
      seen.counts[place] = (seen.counts[place] ?? 0) + 1
      seen.seconds += ms / 1_000
    },

    families: () => [
      {
        name: 'sparvana_http_requests_total',
        help: 'Requests answered, by route and kind of status; 5xx are errors of ours.',
        type: 'counter',
        samples: [...routes.values()].flatMap(({ labels, byStatus }) =>
          [...byStatus].map(([status, value]) => ({ labels: { ...labels, status }, value })),
        ),
      },
      {
        name: 'sparvana_http_request_duration_seconds',
        help: 'How long the answers took.',
        type: 'histogram',
        samples: [...routes.values()].flatMap(bucketsOf),
      },
    ],

    byRoute: () => [...routes.values()].map(figuresOf).sort((a, b) => b.count - a.count),
  }
}

function figuresOf({ labels, byStatus, counts }: Route): RouteFigures {
  return {
    ...labels,
    count: counts.reduce((sum, count) => sum + count, 0),
    refused: byStatus.get('4xx') ?? 0,
    errors: byStatus.get('5xx') ?? 0,
    median: quantile(counts, 0.5),
    slow: quantile(counts, 0.95),
  }
}

/** As if all that took between two bounds were spread evenly there; beyond the last bound nothing more is known. */
function quantile(counts: readonly number[], share: number): number {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (const [place, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = BOUNDS[place - 1] ?? 0
      const to = BOUNDS[place] ?? from
      return from + ((to - from) * (wanted - below)) / count
    }
    below += count
  }
  return 0
}

function bucketsOf({ labels, counts, seconds }: Route): Sample[] {
  let total = 0
  const buckets = counts.map((count, place) => {
    total += count
    const le = String(BOUNDS[place] ?? '+Inf')
    return { suffix: '_bucket', labels: { ...labels, le }, value: total }
  })
  return [...buckets, { suffix: '_sum', labels, value: seconds }, { suffix: '_count', labels, value: total }]
}
