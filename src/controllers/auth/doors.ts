import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { PUBLIC } from '../../middleware/authorisation.ts'
import { noReferrer } from '../../middleware/security-headers.ts'
import type { Models } from '../../models/index.ts'
import type { LetterKind } from '../../models/letter-link.ts'
import { paths } from '../../paths.ts'
import type { Route } from '../../routes.ts'
import { tokenOf } from '../forms/form.ts'
import { renderPage } from '../page.ts'

const PAGE = { title: 'Letters', width: 'narrow', bare: true } as const
const OFFLINE = { title: 'No connection', width: 'narrow', bare: true } as const

/**
 * Doors that stand before sessions, because nobody who comes has one: mail programs that end a kind of letter for their
 * reader (RFC 8058), and service workers that fetch the page for times without a connection.
 */
export function doorRoutes({ reminders }: Pick<Models, 'reminders'>): Route[] {
  /** GET /letters/off/:token: looking changes nothing. */
  const show: RequestHandler = async (req, res) => {
    const link = await reminders.behindLink(tokenOf(req))
    if (!link) throw new NotFound()
    renderPage(req, res, 'auth/letters-off', PAGE, {
      words: WORDS[link.kind],
      isOn: link.isOn,
      offPath: paths.lettersOff(tokenOf(req)),
      remindersPath: paths.settingsReminders,
    })
  }

  /** POST /letters/off/:token: no redirect, which mail programs would not follow. The link says all; no field is read. */
  const turnOff: RequestHandler = async (req, res) => {
    const kind = await reminders.turnOff(tokenOf(req), actorOf(req))
    if (!kind) throw new NotFound()
    const words = WORDS[kind]
    renderPage(req, res, 'auth/letters-off', PAGE, {
      words,
      isOn: false,
      offPath: null,
      remindersPath: paths.settingsReminders,
    })
  }

  /** GET /offline */
  const offline: RequestHandler = (req, res) => {
    renderPage(req, res, 'errors/offline', OFFLINE, { againPath: paths.dashboard })
  }

  return [
    ['GET', '/letters/off/:token', PUBLIC, noReferrer, show],
    ['POST', '/letters/off/:token', PUBLIC, noReferrer, turnOff],
    ['GET', '/offline', PUBLIC, offline],
  ]
}

const WORDS: Record<LetterKind, { title: string; question: string; done: string; button: string }> = {
  reminders: {
    title: 'Reminders by mail',
    question: 'Your reminders of habits that are still open no longer come by mail. Notifications stay.',
    done: 'You get no reminders by mail any more.',
    button: 'No more reminders by mail',
  },
  digest: {
    title: 'The letter about your week',
    question: 'The letter about what moved in your week no longer comes. Reminders stay.',
    done: 'You get no letter about your week any more.',
    button: 'No more letters about the week',
  },
}
