/** Control characters, line breaks, and what turns the text around it to the other direction. */
const UNSAFE = /\p{Cc}|[\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** One line that shows something and does nothing else. */
export function isOrdinary(text: string): boolean {
  return VISIBLE.test(text) && !UNSAFE.test(text) && text.isWellFormed()
}
