/** Every path of the API, in all versions. */

import { accountRoutes } from './accounts.ts'
import { authRoutes } from './auth.ts'
import type { Route } from './call.ts'
import { paymentRoutes } from './payments.ts'
import { v3 } from './serialise/v3.ts'
import { v4 } from './serialise/v4.ts'
import { v5 } from './serialise/v5.ts'

export const routes: readonly Route[] = [v3, v4, v5].flatMap((dialect) => [
  ...authRoutes(dialect),
  ...accountRoutes(dialect),
  ...paymentRoutes(dialect),
])
