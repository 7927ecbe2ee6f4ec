/** What looks like a secret and is none, with the reason why. */
import type { Hit } from './rules.ts'

interface Allowed {
  reason: string
  values?: string[]
  /** Every value of this kind in these files. */
  like?: { value: RegExp; files: RegExp }
}

const ALLOWED: Allowed[] = [
  {
    reason: 'account numbers in the examples that Nordea has published',
    values: [
      'DK3420301544117544',
      'DK6120301544118028',
      'SE8030000000041351300039',
      'SE1730000000031412034086',
      'SE0295000099604213908314',
      'NO5160010502570',
      'NO9568520561165',
      'FI1350001520000081',
      'FI7473834510057469',
      'FI6593857450293470',
    ],
  },
  {
    reason: 'a payment reference in the same examples; its check digits are made like those of an IBAN',
    values: ['RF18539007547034'],
  },
  {
    reason: 'the demo’s two accounts: everybody is told, and they exist on the machine of who tries it out',
    values: ['Birch-and-spruce-25', 'Lingonberry-jam-52'],
  },
  {
    reason: 'what people who exist in tests only have chosen for a password',
    like: { value: /^[A-Z][a-z]+(-[a-z]+)*-\d\d(-[a-z]+)*$/, files: /^(tests|bench)\// },
  },
  { reason: 'words that stand where a password would', values: ['password', 'word', 'hunter2'] },
  {
    reason: 'the same in tests of addresses',
    like: { value: /^secret$/, files: /^tests\// },
  },
]

export function isAllowed({ value }: Hit, file: string): boolean {
  return ALLOWED.some(
    ({ values, like }) => values?.includes(value) || (like?.value.test(value) && like.files.test(file)),
  )
}
