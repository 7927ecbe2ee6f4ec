import { createECDH, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const makers: Record<string, () => string> = {
  SESSION_SECRET: () => randomBytes(48).toString('base64url'),
  PASSWORD_PEPPER: () => randomBytes(48).toString('base64url'),
  ACCOUNT_HASH_KEY: () => randomBytes(32).toString('base64'),
  TOKEN_KEYS: () => `1:${randomBytes(32).toString('base64')}`,
  VAPID_PRIVATE_KEY: newPushKey,
  NORDEA_CLIENT_ID: () => randomBytes(16).toString('hex'),
  NORDEA_CLIENT_SECRET: () => randomBytes(24).toString('hex'),
}

/** This machine's own secrets: made once, kept beside the data they protect, readable by their owner only. */
export async function localSecrets(dataDir: string): Promise<Record<string, string>> {
  const file = join(dataDir, 'secrets.json')
  await mkdir(dataDir, { recursive: true })
  const kept: Record<string, string> = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text),
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? {} : Promise.reject(error)),
  )
  const secrets = Object.fromEntries(
    Object.entries(makers).map(([name, make]) => [name, kept[name] ?? make()]),
  )
  await writeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  await chmod(file, 0o600)
  return secrets
}

/** A number below the order of the curve, always of 32 bytes. */
function newPushKey(): string {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  return Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url')
}
