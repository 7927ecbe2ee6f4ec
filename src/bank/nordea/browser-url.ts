/** Addresses out of the bank's answers that the saver's browser is sent to. We ourselves never follow them. */
import type { NordeaSettings } from './settings.ts'

export type BrowserUrlCheck = (text: string | null | undefined) => string | null

/**
 * Https anywhere (the bank's sign-in lives on hosts of its own), plain http only where it is allowed at all and the
 * origin is the bank's, our own or a configured one. @returns null for everything else.
 */
export function browserUrlCheck(settings: NordeaSettings): BrowserUrlCheck {
  const plain = settings.allowPlainHttp ? plainOrigins(settings) : new Set<string>()
  return (text) => {
    const url = text && URL.canParse(text) ? new URL(text) : null
    if (!url || url.username || url.password) return null
    return url.protocol === 'https:' || (url.protocol === 'http:' && plain.has(url.origin)) ? url.href : null
  }
}

function plainOrigins(settings: NordeaSettings): Set<string> {
  const known = [
    settings.baseUrl,
    settings.redirectUri,
    settings.paymentReturnUri,
    ...settings.browserOrigins,
  ]
  return new Set(known.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin))
}
