import { subscribe } from 'node:diagnostics_channel'
import { during, type Exchange, type Moment } from '../steps.ts'

interface Asked {
  method: string
  path: string
}

/** The moments of a request as undici tells them. Should a version of it use other names, these steps would be missed. */
const CHANNELS: Record<string, Moment> = {
  'undici:request:create': 'wanted',
  'undici:client:sendHeaders': 'leaving',
  'undici:request:bodySent': 'sent',
  'undici:request:headers': 'answered',
}

export function watchExchanges(reach: (step: string) => void): void {
  for (const [channel, moment] of Object.entries(CHANNELS)) {
    subscribe(channel, (message) => {
      const exchange = exchangeOf((message as { request: Asked }).request)
      if (exchange) reach(during(exchange, moment))
    })
  }
}

function exchangeOf({ method, path }: Asked): Exchange | null {
  const { pathname, searchParams } = new URL(path, 'http://bank')
  if (pathname.endsWith('/authorize/token')) return 'refresh'
  if (!pathname.includes('/payments/')) return null
  if (method === 'PUT') return pathname.endsWith('/confirm') ? 'confirm' : null
  if (method === 'POST') return 'initiate'
  return searchParams.has('page') ? 'look-up' : null
}
