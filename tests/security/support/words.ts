/** Must come back escaped or not at all: it ends an attribute in either quotes, and opens a tag. */
export const MARKER = `fz9"'><script>fz9</script>`
/** Must never be a header of an answer. */
export const PLANTED = 'x-planted'

const NUMBERS = '0 -1 -0 1e309 0x10 NaN 1,005 1. ٣ 2026-02-30 0000-01-01 +275760-09-13 9999-12-31'
const VALUES = 'null undefined true [object§Object] __proto__ constructor toString {"$ne":null} ["a"]'
const CODE = `'§OR§1=1§-- ../../etc/passwd <%=§7*7§%> #{7*7} {{7*7}}`
const LETTERS = 'İ ß ﬀ 🏃‍♀️ e\u0301 \ud800 \u0085 \u2028 \u202egnp \ufeff \0 a\0b'

/** What somebody types who means no good; a section sign stands for a space. */
export const TEXTS = [
  MARKER,
  '',
  ' ',
  `\r\n${PLANTED}: 1`,
  ...[NUMBERS, VALUES, CODE, LETTERS]
    .flatMap((list) => list.split(' '))
    .map((text) => text.replaceAll('§', ' ')),
  '9'.repeat(400),
  'a'.repeat(301),
  'e\u0301'.repeat(200),
  '['.repeat(1_000),
  'a@b.c'.repeat(60),
  'ä'.repeat(5_000),
  'x'.repeat(17_000),
]

/** Encoded by nobody who means well. */
export const BYTES = '% %0 %ZZ %00 %FF%FE %C0%80 %ED%A0%80 %E0%A4%A %u0041 %0d%0a %2e%2e%2f %25%30%30'.split(
  ' ',
)

const COLUMNS = 'userId role isAdmin id _method _csrf _csrf[] _password _code before state code look country'
const LANGUAGE = '__proto__ __proto__[role] __proto__.role constructor constructor[prototype][role] toString'
const VIEWS =
  'settings[view§options][client] settings[view§options][escapeFunction] page locals cache _locals'

/** Names of fields that no form has, or not so. */
export const NAMES = [
  MARKER,
  '',
  ...[COLUMNS, LANGUAGE, VIEWS, '[] [ ] . length x[a][b][c][d][e][f]'].flatMap((list) => list.split(' ')),
  'a'.repeat(600),
  `x${'[a]'.repeat(400)}`,
].map((name) => name.replaceAll('§', ' '))

export const FORM = 'application/x-www-form-urlencoded'
export const TYPES = [
  'application/json',
  'application/xml',
  'text/html; charset=utf-16',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  ...['; charset=utf-7', '; charset=utf-16', '; charset=iso-8859-1', ';;;'].map((end) => FORM + end),
  FORM.toUpperCase(),
  'x',
  ';',
  'a/b'.repeat(200),
]

export const HEADERS: [name: string, values: string[]][] = [
  ['x-http-method-override', ['DELETE', 'PUT', MARKER]],
  ['x-method-override', ['PATCH']],
  ['x-forwarded-for', ['127.0.0.1', '203.0.113.9, 10.0.0.1', '::1', MARKER, 'a'.repeat(2_000)]],
  ['x-forwarded-host', ['evil.example', MARKER]],
  ['x-forwarded-proto', ['https', 'javascript']],
  ['x-original-url', ['/admin']],
  ['x-rewrite-url', ['/admin/routes']],
  ['forwarded', ['for=127.0.0.1;host=evil.example']],
  ['host', ['evil.example', '', 'localhost:0', MARKER, '[::1', 'a'.repeat(300)]],
  ['origin', ['null', 'https://evil.example', MARKER, '\x85\xa0']],
  ['referer', ['https://evil.example/', '/', MARKER]],
  ['sec-fetch-site', ['cross-site', 'same-origin', 'none', '?']],
  ['sec-fetch-dest', ['image', 'document', '']],
  ['accept', ['application/json', '*/*;q=9', MARKER]],
  ['accept-encoding', ['gzip', 'br', 'deflate, gzip;q=1.0, *;q=0.5', 'identity;q=0', MARKER]],
  ['accept-language', ['da', '*', MARKER]],
  ['content-encoding', ['gzip', 'br', 'deflate', 'identity', 'x', 'gzip, gzip']],
  ['if-none-match', ['*', 'W/"x"', MARKER]],
  ['if-modified-since', ['yesterday', 'Thu, 01 Jan 1970 00:00:00 GMT']],
  ['if-range', ['x']],
  ['range', ['bytes=0-', 'bytes=-1', 'bytes=9-1', 'bytes=0-1,2-3', 'x']],
  ['cookie', ['sparvana=', 'sparvana=s%3Ax.y', 'sparvana=%', '__proto__=1', 'a=b; '.repeat(200), MARKER]],
  ['authorization', ['Basic x', `Bearer ${MARKER}`]],
  ['x-csrf-token', ['x']],
  ['x-requested-with', ['XMLHttpRequest']],
  ['x-long', ['a'.repeat(9_000), 'a'.repeat(20_000)]],
  ['x-bytes', ['\x80\xff', 'x\ty']],
]
