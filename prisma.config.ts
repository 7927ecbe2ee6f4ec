import { defineConfig } from 'prisma/config'

// Migrations are applied by prisma/migrate.ts; the CLI is used to generate the client only.
export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } })
