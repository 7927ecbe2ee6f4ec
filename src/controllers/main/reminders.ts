import type { Request, RequestHandler, Response } from 'express'
import { NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { browserOf } from '../../middleware/browser-mark.ts'
import { flash } from '../../middleware/flash.ts'
import { MOST_DEVICES } from '../../models/push-subscription.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { type FieldError, idOf, readForm } from '../forms/form.ts'
import { readNothing } from '../forms/offers.ts'
import { deviceForm, timeForm, wishesForm } from '../forms/reminder-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { remindersPage, type TypedReminders } from '../view-models/reminders-page.ts'

const page = () => ({ title: t('Reminders'), width: 'narrow' }) as const

export function reminderControllers({ models, push }: WebContext) {
  const { reminders, pushSubscriptions } = models

  /** GET /settings/reminders */
  const show: RequestHandler = async (req, res) => {
    renderPage(req, res, 'main/reminders', page(), await props(req, {}, []))
  }

  /** POST /settings/reminders */
  const update: RequestHandler = async (req, res) => {
    const reading = readForm(wishesForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, { wishes: reading.typed }, reading.errors)
    await reminders.change(signedIn(req).id, reading.value, actorOf(req))
    await done(req, res, t('Saved.'))
  }

  /** POST /settings/reminders/habits/:id */
  const setTime: RequestHandler = async (req, res) => {
    const { id: userId } = signedIn(req)
    const habitId = idOf(req)
    if (!(await models.habits.nameOwned(userId, habitId))) throw new NotFound()
    const reading = readForm(timeForm, req.body)
    if (reading.kind === 'refused') {
      const errors = reading.errors.map(({ field, message }) => ({
        field: field && `time-${habitId}`,
        message,
      }))
      return refuse(req, res, { times: { [habitId]: reading.typed.time ?? '' } }, errors)
    }
    const { time } = reading.value
    if (!(await reminders.setTime(userId, habitId, time, actorOf(req)))) throw new NotFound()
    await done(req, res, time === null ? t('You are not reminded of it any more.') : t('Saved.'))
  }

  /** POST /settings/reminders/devices: filled in by the browser itself. */
  const addDevice: RequestHandler = async (req, res) => {
    const reading = readForm(deviceForm(push.services), req.body)
    if (reading.kind === 'refused') {
      return refuse(
        req,
        res,
        {},
        reading.errors.map(({ message }) => ({ field: null, message })),
      )
    }
    const { label } = browserOf(req)
    const result = await pushSubscriptions.add(signedIn(req).id, reading.value, label, actorOf(req))
    if (result === 'added') return done(req, res, t('This browser shows your reminders from now on.'))
    const message = t('You have {most} browsers that show reminders. Take one off first.', {
      most: MOST_DEVICES,
    })
    refuse(req, res, {}, [{ field: null, message }])
  }

  /** POST /settings/reminders/devices/:id/remove */
  const removeDevice: RequestHandler = async (req, res) => {
    const id = idOf(req)
    readNothing(req.body)
    if (!(await pushSubscriptions.remove(signedIn(req).id, id, actorOf(req)))) throw new NotFound()
    await done(req, res, t('That browser shows no reminders any more.'))
  }

  return { show, update, setTime, addDevice, removeDevice }

  async function props(req: Request, typed: TypedReminders, errors: FieldError[]) {
    const user = signedIn(req)
    const [wish, times, devices, habits] = await Promise.all([
      reminders.wishOf(user.id),
      reminders.timesOf(user.id),
      pushSubscriptions.list(user.id),
      models.habits.listOwned(user),
    ])
    return remindersPage({ user, wish, times, devices, habits, pushKey: push.key, typed, errors })
  }

  async function refuse(req: Request, res: Response, typed: TypedReminders, errors: FieldError[]) {
    renderRefused(req, res, 'main/reminders', page(), await props(req, typed, errors))
  }
}

async function done(req: Request, res: Response, words: string): Promise<void> {
  await flash(req, 'done', words)
  res.redirect(303, paths.settingsReminders)
}
