import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import chromium, { inflate } from '@sparticuz/chromium'

export interface BrowserFiles {
  executablePath: string
  /** For the browser's process: its libraries and fonts come with it, so the machine needs none. */
  env: Record<string, string>
}

const PACKAGE = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')))

/**
 * Unpacks the browser once for each user and version. The package itself unpacks to one well-known place, where a second
 * process would find half a file and a second user somebody else's; so it is unpacked aside and put in place as a whole.
 */
export async function browserFiles(): Promise<BrowserFiles> {
  const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `sparvana-browser-${version}-${process.getuid?.() ?? 'user'}`)
  if (!existsSync(folder)) await unpackInto(folder)
  return {
    executablePath: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  }
}

async function unpackInto(folder: string): Promise<void> {
  const staging = await mkdtemp(join(tmpdir(), 'sparvana-browser-new-'))
  try {
    await withTemporaryFolder(staging, async () => {
      await chromium.executablePath()
      await inflate(join(PACKAGE, 'bin', 'al2023.tar.br'))
    })
    await mkdir(join(staging, 'font-cache'))
    await writeFile(join(staging, 'fonts.conf'), fontsConf(folder))
    await rename(staging, folder)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    // Another process was faster, and what it put there is as good.
    if (!existsSync(folder)) throw error
  }
}

/** The package asks the system for its temporary folder at every call, and takes no other word for it. */
async function withTemporaryFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  try {
    await work()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}

function fontsConf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${folder}/font-cache</cachedir>
</fontconfig>
`
}
