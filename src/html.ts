export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * A sentence with links in it: "Read the <notice>privacy notice</notice>." and `{ notice: '/privacy' }`. Everything else in
 * it is text, whatever it looks like.
 * @returns HTML.
 */
export function linked(sentence: string, links: Record<string, string>): string {
  return Object.entries(links).reduce(
    (html, [name, href]) =>
      html
        // A function, for `$` has a meaning in a text that replaces.
        .replaceAll(escapeHtml(`<${name}>`), () => `<a href="${escapeHtml(href)}">`)
        .replaceAll(escapeHtml(`</${name}>`), '</a>'),
    escapeHtml(sentence),
  )
}
