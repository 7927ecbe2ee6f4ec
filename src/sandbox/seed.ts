/** The accounts the bank opens with: numbers that the public sandbox's samples use, one everyday and one savings account or more a country. */

import { opaqueAccountId } from './ids.ts'
import { openAccount } from './ledger.ts'
import { type Account, type Country, HOME_CURRENCY } from './model.ts'
import { bbanFromIban, ibanFromBban } from './numbers.ts'
import type { Store } from './store.ts'

/** Who owns all of it; signs in on the bank's pages. */
export const DEMO_CUSTOMER = 'demo-customer'

type Row = [
  country: Country,
  number: string,
  name: string,
  type: Account['type'],
  product: string,
  minor: number,
]

const STANDARD: Row[] = [
  ['DK', '20301544117544', 'Everyday account', 'Current', 'Grundkonto', 2_500_000],
  ['DK', '20301544118028', 'Holiday account', 'Savings', 'Opsparingskonto', 100_000],
  ['DK', '23001544527165', 'Household account', 'Current', 'Grundkonto', 742_515],
  ['SE', '41351300039', 'Everyday account', 'Current', 'Personkonto', 2_800_000],
  ['SE', '41770042136', 'Holiday account', 'Savings', 'Sparkonto', 150_000],
  ['NO', '60301132843', 'Everyday account', 'Current', 'Brukskonto', 2_600_000],
  ['NO', '60010503178', 'Holiday account', 'Savings', 'Sparekonto', 120_000],
  ['FI', 'FI7473834510057469', 'Everyday account', 'Current', 'Käyttötili', 340_000],
  ['FI', 'FI6593857450293470', 'Holiday account', 'Savings', 'Säästötili', 20_000],
]

export function seedStandard(store: Store): void {
  store.write(() => {
    for (const row of STANDARD) openAccount(store, accountOf(row, store.nextSeq()))
  })
}

function accountOf([country, number, name, type, product, minor]: Row, seq: number): Account {
  const currency = HOME_CURRENCY[country]
  const iban = country === 'FI' ? number : ibanFromBban(country, number)
  const id = `${country === 'FI' ? number : country + number}-${currency}`
  return {
    id,
    opaqueId: opaqueAccountId(id),
    seq,
    country,
    iban,
    bban: country === 'FI' ? bbanFromIban(iban) : number,
    currency,
    name,
    product,
    type,
    status: 'OPEN',
    bookedMinor: minor,
    availableMinor: minor,
    valueDatedMinor: minor,
    creditLimitMinor: 0,
    latestBookingDate: null,
    dynamic: false,
  }
}
