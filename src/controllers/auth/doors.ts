import type { RequestHandler } from 'express'
import { NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf } from '../../middleware/authentication.ts'
import { PUBLIC } from '../../middleware/authorisation.ts'
import { noReferrer } from '../../middleware/security-headers.ts'
import type { Models } from '../../models/index.ts'
import type { LetterKind } from '../../models/letter-link.ts'
import { paths } from '../../paths.ts'
import type { Route } from '../../routes.ts'
import { tokenOf } from '../forms/form.ts'
import { renderOpenPage, renderPage } from '../page.ts'

const lettersPage = () => ({ title: t('Letters'), width: 'narrow', bare: true }) as const
const offlinePage = () => ({ title: t('No connection'), width: 'narrow', bare: true }) as const

/**
 * Doors that stand before sessions, because nobody who comes has one: mail programs that end a kind of letter for their
 * reader (RFC 8058), and service workers that fetch the page for times without a connection.
 */
export function doorRoutes({ reminders }: Pick<Models, 'reminders'>): Route[] {
  /** GET /letters/off/:token: looking changes nothing. */
  const show: RequestHandler = async (req, res) => {
    const link = await reminders.behindLink(tokenOf(req))
    if (!link) throw new NotFound()
    renderPage(req, res, 'auth/letters-off', lettersPage(), {
      words: wordsOf(link.kind),
      isOn: link.isOn,
      offPath: paths.lettersOff(tokenOf(req)),
      remindersPath: paths.settingsReminders,
    })
  }

  /** POST /letters/off/:token: no redirect, which mail programs would not follow. The link says all; no field is read. */
  const turnOff: RequestHandler = async (req, res) => {
    const kind = await reminders.turnOff(tokenOf(req), actorOf(req))
    if (!kind) throw new NotFound()
    renderPage(req, res, 'auth/letters-off', lettersPage(), {
      words: wordsOf(kind),
      isOn: false,
      offPath: null,
      remindersPath: paths.settingsReminders,
    })
  }

  /** GET /offline */
  const offline: RequestHandler = (req, res) => {
    renderOpenPage(req, res, 'errors/offline', offlinePage(), { againPath: paths.dashboard })
  }

  return [
    ['GET', '/letters/off/:token', PUBLIC, noReferrer, show],
    ['POST', '/letters/off/:token', PUBLIC, noReferrer, turnOff],
    ['GET', '/offline', PUBLIC, offline],
  ]
}

function wordsOf(kind: LetterKind): { title: string; question: string; done: string; button: string } {
  switch (kind) {
    case 'reminders':
      return {
        title: t('Reminders by mail'),
        question: t(
          'Your reminders of habits that are still open no longer come by mail. Notifications stay.',
        ),
        done: t('You get no reminders by mail any more.'),
        button: t('No more reminders by mail'),
      }
    case 'digest':
      return {
        title: t('The letter about your week'),
        question: t('The letter about what moved in your week no longer comes. Reminders stay.'),
        done: t('You get no letter about your week any more.'),
        button: t('No more letters about the week'),
      }
  }
}
