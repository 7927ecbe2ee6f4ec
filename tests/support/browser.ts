import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { browserFiles } from './browser-files.ts'

/**
 * A real Chromium that comes inside an npm package: nothing has to be installed on the machine. The package's own
 * arguments are not taken: they switch off the very protections that the tests rely on.
 */
export async function startBrowser(): Promise<Browser> {
  const { executablePath, env } = await browserFiles()
  return chromium.launch({
    executablePath,
    env: { ...process.env, ...env },
    args: [
      // It may run as root and in a container, where Chromium's own sandbox can't.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--headless=shell',
    ],
    headless: true,
  })
}

/** A window of somebody's; with `javaScriptEnabled: false` every script is off, also the bank's. */
export async function newWindow(
  browser: Browser,
  options: {
    javaScriptEnabled?: boolean
    width?: number
    height?: number
    colorScheme?: 'light' | 'dark'
    locale?: string
    reducedMotion?: 'reduce'
  } = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    javaScriptEnabled: options.javaScriptEnabled ?? true,
    viewport: { width: options.width ?? 1200, height: options.height ?? 900 },
    colorScheme: options.colorScheme ?? 'light',
    locale: options.locale ?? 'en-GB',
    ...(options.reducedMotion ? { reducedMotion: options.reducedMotion } : {}),
  })
  context.setDefaultTimeout(20_000)
  return context
}
