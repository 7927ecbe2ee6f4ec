/** What a token may open; the database knows the same words. Nothing here changes accounts, limits or security. */
export const SCOPES = ['habits:read', 'check-offs:write', 'payments:read', 'goals:read'] as const

export type Scope = (typeof SCOPES)[number]
