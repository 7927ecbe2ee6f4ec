/** The day on which the notice on /privacy last changed in what it says; kept with the agreement of everybody who signs up. */
export const NOTICE_VERSION = '2026-11-22'
/** Whoever signs up decides over money of their own. */
export const LEAST_AGE = 18
