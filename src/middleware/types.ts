import type { User as ModelUser } from '../generated/client.ts'

declare global {
  namespace Express {
    // What passport puts on the request is our own user.
    interface User extends ModelUser {}
  }
}

declare module 'express-session' {
  interface SessionData {
    /** Where a signed-out visitor wanted to go; one of our own paths. */
    returnTo: string
    /** Milliseconds; a session ends this long after its sign-in, however busy it is. */
    signedInAt: number
  }
}
