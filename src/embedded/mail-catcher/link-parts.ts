/** A piece of a mail's text; `href` is null for plain words. */
export interface TextPart {
  text: string
  href: string | null
}

const WEB_ADDRESS = /https?:\/\/[^\s<>"'`]+/g

/** Ends of sentences and closing brackets after an address are rarely part of it. */
const TRAILING = /[.,;:!?)\]}]+$/

/** Cuts a text into words and web addresses, losing nothing. Only http and https become links, never `javascript:`. */
export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  for (const match of text.matchAll(WEB_ADDRESS)) {
    const address = match[0].replace(TRAILING, '')
    if (!URL.canParse(address)) continue
    if (match.index > from) parts.push({ text: text.slice(from, match.index), href: null })
    parts.push({ text: address, href: address })
    from = match.index + address.length
  }
  if (from < text.length) parts.push({ text: text.slice(from), href: null })
  return parts
}
