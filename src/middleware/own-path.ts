/**
 * Whether a redirect to it stays on the site: browsers read "//elsewhere" and "/\elsewhere" as another host, and skip tabs
 * and line breaks while they do.
 */
export function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(path)
}
