import { escapeHtml } from '../../html.ts'
import { currentLanguage, inLanguage, isLanguage } from '../../language.ts'
import type { Letter } from '../../mailer.ts'

export interface Draft {
  subject: string
  paragraphs: readonly string[]
  action: { label: string; href: string }
  ending: string
  /** How to get no more of its kind. */
  way?: { label: string; href: string }
}

/** Whatever `act` writes is in the language of this account; for nobody it is in English. */
export function inLanguageOf<T>(reader: { locale: string } | null, act: () => T): T {
  const locale = reader?.locale
  return inLanguage(isLanguage(locale) ? locale : 'en', act)
}

/** One letter in plain text and in the same words as HTML, without images, tracking or anything from outside. */
export function composeLetter(to: string, draft: Draft): Letter {
  const text = [
    ...draft.paragraphs,
    `${draft.action.label}:\n${draft.action.href}`,
    draft.ending,
    'Sparvana',
    ...(draft.way ? [`${draft.way.label}:\n${draft.way.href}`] : []),
  ].join('\n\n')
  const html = `<!doctype html><html lang="${currentLanguage()}"><body style="font-family:system-ui,sans-serif;color:#1d2b27;background:#faf7f0;padding:24px">
${draft.paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll('\n', '<br>')}</p>`).join('\n')}
<p><a href="${escapeHtml(draft.action.href)}" style="color:#12463b;font-weight:600">${escapeHtml(draft.action.label)}</a></p>
<p>${escapeHtml(draft.ending)}</p><p>Sparvana</p>${wayOut(draft)}</body></html>`
  return { to, subject: draft.subject, text, html }
}

function wayOut({ way }: Draft): string {
  return way
    ? `<p><a href="${escapeHtml(way.href)}" style="color:#46534d">${escapeHtml(way.label)}</a></p>`
    : ''
}
