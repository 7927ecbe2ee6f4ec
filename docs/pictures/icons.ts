/** Draws the icons that phones want as pictures, out of our own SVG: `npm run icons`. The pictures are committed. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../../tests/support/browser.ts'

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url))
const SPRUCE = '#12463b'
/** Of a maskable icon at least so much in the middle is always seen. */
const SAFE = 0.8

interface Look {
  size: number
  /** Behind it, to the edges. */
  ground?: string
  /** How much of the width the drawing takes. */
  share?: number
  svg: string
}

const icon = await readFile(`${PUBLIC}icon.svg`, 'utf8')
const small = await readFile(`${PUBLIC}favicon.svg`, 'utf8')
/** Only its outline counts: phones paint it in one colour. */
const badge = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><path d="M10 35 26 51 47 25" fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" stroke-linejoin="round"/><circle cx="51" cy="13" r="9" fill="#fff"/></svg>`

const browser = await startBrowser()
try {
  await mkdir(`${PUBLIC}icons`, { recursive: true })
  for (const size of [192, 512]) {
    await save(`icons/icon-${size}.png`, await drawn(browser, { size, svg: icon }))
    const masked = { size, svg: icon, ground: SPRUCE, share: SAFE }
    await save(`icons/maskable-${size}.png`, await drawn(browser, masked))
  }
  await save('icons/badge-96.png', await drawn(browser, { size: 96, svg: badge }))
  await save(
    'apple-touch-icon.png',
    await drawn(browser, { size: 180, svg: icon, ground: SPRUCE, share: 0.9 }),
  )
  await save('favicon.ico', ico(await drawn(browser, { size: 32, svg: small }), 32))
} finally {
  await browser.close()
}

async function drawn(
  browser: Browser,
  { size, ground = 'transparent', share = 1, svg }: Look,
): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  const inner = Math.round(size * share)
  await page.setContent(
    `<body style="margin:0;width:${size}px;height:${size}px;display:grid;place-items:center;background:${ground}">
      <div style="width:${inner}px;height:${inner}px;display:grid">${svg}</div></body>`,
  )
  const picture = await page.screenshot({ omitBackground: true })
  await page.close()
  return picture
}

/** An ICO that holds one PNG. */
function ico(png: Buffer, size: number): Buffer {
  const head = Buffer.alloc(22)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(1, 4)
  head.writeUInt8(size, 6)
  head.writeUInt8(size, 7)
  head.writeUInt16LE(1, 10)
  head.writeUInt16LE(32, 12)
  head.writeUInt32LE(png.length, 14)
  head.writeUInt32LE(head.length, 18)
  return Buffer.concat([head, png])
}

async function save(name: string, bytes: Buffer): Promise<void> {
  await writeFile(PUBLIC + name, bytes)
}
