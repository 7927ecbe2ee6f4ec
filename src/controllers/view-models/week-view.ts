import { formatMoney, formatWeekday, formatWeekdayShortly } from '../../format.ts'
import type { Currency } from '../../generated/enums.ts'
import { t } from '../../language.ts'
import type { Day } from '../../models/habit/schedule.ts'
import type { SavedDay, SavedWeek } from '../../models/saved-days.ts'

/** Of the width that a day has, so much is bar. */
const BAR_SHARE = 0.6

/** This week's savings, day by day. @param named tells currencies apart. */
export function weekChart({ currency, days }: SavedWeek, today: Day, named: boolean) {
  const title = named ? t('This week, in {currency}', { currency }) : t('This week')
  const highest = Math.max(1, ...days.map(({ savedMinor, comingMinor }) => savedMinor + comingMinor))
  const width = 100 / days.length
  return {
    id: `week-${currency}`,
    title,
    description: descriptionOf(days, currency),
    days: days.map((day, index) => ({
      label: formatWeekdayShortly(day.day),
      isToday: day.day === today,
      x: round(index * width + (width * (1 - BAR_SHARE)) / 2),
      width: round(width * BAR_SHARE),
      parts: partsOf(day, highest),
    })),
    keys: [
      { text: t('Saved'), tone: 'arrived' },
      { text: t('Not there yet'), tone: 'waiting' },
    ],
    rows: days.map(({ day, savedMinor, comingMinor }) => ({
      label: formatWeekday(day),
      savedText: formatMoney(savedMinor, currency),
      comingText: formatMoney(comingMinor, currency),
    })),
  }
}

/** What has arrived stands at the bottom, what has not on top of it. */
function partsOf({ savedMinor, comingMinor }: SavedDay, highest: number) {
  const [saved, coming] = [(100 * savedMinor) / highest, (100 * comingMinor) / highest]
  return [
    { tone: 'arrived', y: round(100 - saved), height: round(saved) },
    { tone: 'waiting', y: round(100 - saved - coming), height: round(coming) },
  ].filter(({ height }) => height > 0)
}

function descriptionOf(days: readonly SavedDay[], currency: Currency): string {
  const sum = (of: (day: SavedDay) => number) => days.reduce((total, day) => total + of(day), 0)
  const saved = formatMoney(
    sum(({ savedMinor }) => savedMinor),
    currency,
  )
  const comingMinor = sum((day) => day.comingMinor)
  if (comingMinor === 0) return t('{saved} saved so far.', { saved })
  const coming = formatMoney(comingMinor, currency)
  return t('{saved} saved so far, {coming} not there yet.', { saved, coming })
}

function round(percent: number): number {
  return Math.round(percent * 100) / 100
}
