import type { User as ModelUser } from '../generated/client.ts'
import type { Language } from '../language.ts'
import type { OwnToken } from '../models/api-token.ts'
import type { FactorKind } from '../models/second-factor.ts'

declare global {
  namespace Express {
    // What passport puts on the request is our own user.
    interface User extends ModelUser {}
    interface Request {
      /** What a program has shown instead of a cookie; the user is its owner then. */
      apiToken?: OwnToken
    }
  }
}

declare module 'express-session' {
  interface SessionData {
    /** Passport's own: the id of who is signed in. */
    passport: { user?: string }
    /** A sentence for the next page began it. */
    isTold: true
    /** What a visitor has chosen to read. */
    language: Language
    /** Where a signed-out visitor wanted to go; one of our own paths. */
    returnTo: string
    /** Milliseconds; a session ends some time after its sign-in, however busy it is. */
    signedInAt: number
    /** Milliseconds; when its owner last did something. */
    lastSeenAt: number
    /** Milliseconds; until then its owner is at the bank's own pages, and not idle. */
    awayUntil: number
    /** Milliseconds; when its owner last showed everything that a sign-in asks for. */
    freshAt: number
    /** What was shown besides the password, if anything. */
    factor: FactorKind | null
    /** Money may move from its browser. */
    browserConfirmed: true
    /** The form that came before its browser was confirmed, and when a link was mailed to confirm it, in milliseconds. */
    wanted: { action: string; fields: { name: string; value: string }[] }
    browserLinkAt: number
    /** What it is bound to. */
    agent: string
    network: string
    ip: string | null
    /** The password was right, and the second factor has still to be shown. */
    half: { userId: string; at: number }
    /** New backup codes on their way to the page that shows them, sealed. */
    newCodes: string
    /** A new token for a program, the same way. */
    newToken: string
  }
}
