/** Something that must never be. */
export interface Fault {
  what: 'double' | 'lost' | 'invented' | 'money' | 'books' | 'unrest' | 'slow' | 'untested'
  words: string
  /** Whose story tells more. */
  paymentId?: string | null
}
