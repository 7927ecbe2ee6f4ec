import { formatInstant, weekdayName } from '../../format.ts'
import type { User } from '../../generated/client.ts'
import { t } from '../../language.ts'
import { browserWords } from '../../models/device.ts'
import type { HabitToday } from '../../models/habit.ts'
import { type Device, MOST_DEVICES } from '../../models/push-subscription.ts'
import type { Wish } from '../../models/reminder.ts'
import { paths } from '../../paths.ts'
import type { FieldError } from '../forms/form.ts'
import { timeText } from '../forms/reminder-forms.ts'

/** What stands in the form that was refused; the others show what is kept. */
export interface TypedReminders {
  wishes?: Record<string, string>
  times?: Record<string, string>
}

interface Shown {
  user: User
  wish: Wish
  times: ReadonlyMap<string, number>
  devices: readonly Device[]
  habits: readonly HabitToday[]
  /** Null where notifications are off. */
  pushKey: string | null
  typed: TypedReminders
  errors: FieldError[]
}

const DAYS = [1, 2, 3, 4, 5, 6, 7]
const MOST_A_DAY = 10

export function remindersPage({
  user,
  wish,
  times,
  devices,
  habits,
  pushKey,
  typed: { wishes, times: typedTimes },
  errors,
}: Shown) {
  const isAnywhere = wish.byMail || devices.length > 0
  return {
    habits: habits.map(({ habit }) => {
      const minute = times.get(habit.id)
      return {
        id: `time-${habit.id}`,
        name: habit.name,
        time: typedTimes?.[habit.id] ?? (minute === undefined ? '' : timeText(minute)),
        timePath: paths.reminderTime(habit.id),
      }
    }),
    zoneText: user.timezone.replaceAll('_', ' '),
    // Times alone remind nobody.
    goesNowhere: times.size > 0 && !isAnywhere,
    form: {
      byMail: wishes ? wishes.byMail === 'yes' : wish.byMail,
      tellsAmounts: wishes ? wishes.tellsAmounts === 'yes' : wish.tellsAmounts,
    },
    mostOptions: Array.from({ length: MOST_A_DAY }, (_, index) => String(index + 1)).map((value) => ({
      value,
      label: value,
      selected: value === (wishes?.mostPerDay ?? String(wish.mostPerDay)),
    })),
    weekdays: [t('No letter'), ...DAYS.map(weekdayName)].map((label, index) => ({
      value: String(index),
      label,
      selected: String(index) === (wishes?.digestWeekday ?? String(wish.digestWeekday ?? 0)),
    })),
    email: user.email,
    push:
      pushKey === null
        ? null
        : {
            key: pushKey,
            devicesPath: paths.devices,
            known: devices.map(({ hashedEndpoint }) => hashedEndpoint).join(' '),
            isFull: devices.length >= MOST_DEVICES,
          },
    devices: devices.map((device) => ({
      id: device.id,
      label: browserWords(device.label),
      facts: device.lastOkOn
        ? t('Last reminded on {time}', { time: formatInstant(device.lastOkOn, user.timezone) })
        : t('Added on {time}', { time: formatInstant(device.createdOn, user.timezone) }),
      removePath: paths.deviceRemove(device.id),
    })),
    errors,
    remindersPath: paths.settingsReminders,
    settingsPath: paths.settings,
    habitNewPath: paths.habitNew,
  }
}
