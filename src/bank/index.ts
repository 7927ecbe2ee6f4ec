/** The door to the bank, in our words. Nothing outside this folder knows how the bank spells anything. */
export { createNordea } from './nordea/client.ts'
export { ibanOf, isSameAccount, maskIban, normaliseIban, possibleIbans } from './nordea/numbers.ts'
export type { NordeaSettings } from './nordea/settings.ts'
export * from './words.ts'
