import { createQueueSchema } from '../src/jobs/boss.ts'
import { applyMigrations } from './engine.ts'
import { grantRights } from './rights.ts'

export interface DatabaseAddresses {
  /** As web and worker reach it. */
  url: string
  /** As the role that owns everything in it; the same where there is one role only. */
  ownerUrl: string
}

/** Everything a release does to the database: migrations, the queue's schema, rights. @returns the migrations it applied. */
export async function prepareDatabase({ url, ownerUrl }: DatabaseAddresses): Promise<string[]> {
  const applied = await applyMigrations(ownerUrl)
  await createQueueSchema(ownerUrl)
  const [role, owner] = [roleIn(url), roleIn(ownerUrl)]
  if (role !== owner) await grantRights(ownerUrl, role)
  return applied
}

function roleIn(url: string): string {
  return decodeURIComponent(new URL(url).username)
}
