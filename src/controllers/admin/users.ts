import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { NotFound } from '../../errors.ts'
import { t } from '../../language.ts'
import { actorOf, signedIn } from '../../middleware/authentication.ts'
import { type Flash, flash } from '../../middleware/flash.ts'
import type { DeskResult, PersonFacts } from '../../models/desk/people.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { idOf, type Refused, readForm, told } from '../forms/form.ts'
import { optional } from '../forms/list-forms.ts'
import { readNothing } from '../forms/offers.ts'
import { reasonForm, roleForm } from '../forms/people-forms.ts'
import { renderPage, renderRefused } from '../page.ts'
import { choices, saidWords } from '../view-models/list-page.ts'
import { personPage, personRow, ROLE_WORDS, STATUS_WORDS } from '../view-models/person-view.ts'
import { filteredList } from './filtered-list.ts'

const listPage = () => ({ title: t('People'), width: 'wide' }) as const

const filter = {
  search: optional(z.string().trim().max(200, told('That is too long.'))),
  role: optional(z.enum(['SAVER', 'ADMIN'], told('Choose from the list.'))),
  status: optional(z.enum(['ACTIVE', 'LOCKED', 'DORMANT', 'CLOSED'], told('Choose from the list.'))),
}

export function userControllers({ models, log }: WebContext) {
  /** GET /admin/users */
  const list = filteredList({
    view: 'admin/users',
    options: listPage,
    path: paths.adminUsers,
    filter,
    fieldsOf,
    find: async (wanted, page, { timezone }) => {
      const found = await models.people.list(wanted, page)
      return { ...found, rows: found.rows.map((person) => personRow(person, timezone)) }
    },
  }).show

  /** GET /admin/users/:id */
  const show: RequestHandler = async (req, res) => {
    const person = await personOf(req)
    renderPage(
      req,
      res,
      'admin/user',
      { title: person.fullName },
      propsOf(req, person, { typed: {}, errors: [] }),
    )
  }

  /** POST /admin/users/:id/lock */
  const lock: RequestHandler = async (req, res) => {
    const person = await personOf(req)
    const reading = readForm(reasonForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, person, reading)
    await answer(req, res, await models.people.lock(person.id, reading.value.reason, actorOf(req)), {
      deed: 'a person was locked',
      done: t('Locked: nobody signs in with this account, and nothing of it is sent to the bank.'),
      nothing: t('This account can’t be locked in the state that it is in.'),
    })
  }

  /** POST /admin/users/:id/unlock */
  const unlock: RequestHandler = async (req, res) => {
    readNothing(req.body)
    await answer(req, res, await models.people.unlock(idOf(req), actorOf(req)), {
      deed: 'a person was unlocked',
      done: t('Open again. What waited goes on.'),
      nothing: t('This account isn’t locked.'),
    })
  }

  /** POST /admin/users/:id/sign-out */
  const signOut: RequestHandler = async (req, res) => {
    readNothing(req.body)
    await answer(req, res, await models.people.endSessions(idOf(req), actorOf(req)), {
      deed: 'a person was signed out everywhere',
      done: t('Signed out everywhere.'),
      nothing: t('Nobody was signed in with this account.'),
    })
  }

  /** POST /admin/users/:id/factor-reset */
  const resetFactor: RequestHandler = async (req, res) => {
    readNothing(req.body)
    await answer(req, res, await models.people.askFactorReset(idOf(req), actorOf(req)), {
      deed: 'a second factor is to go',
      done: t(
        'Noted. The second factor goes after the usual delay; its owner is told by mail and can call it off.',
      ),
      nothing: t('This account has no second factor.'),
    })
  }

  /** POST /admin/users/:id/role */
  const changeRole: RequestHandler = async (req, res) => {
    const person = await personOf(req)
    const reading = readForm(roleForm, req.body)
    if (reading.kind === 'refused') return refuse(req, res, person, reading)
    await answer(req, res, await models.people.changeRole(person.id, reading.value.role, actorOf(req)), {
      deed: 'a role was changed',
      done: t(
        reading.value.role === 'ADMIN'
          ? 'Done: admin from the next sign-in on.'
          : 'Done: saver from the next sign-in on.',
      ),
      nothing: t('The role is that already, or the account is not open and confirmed.'),
    })
  }

  return { list, show, lock, unlock, signOut, resetFactor, changeRole }

  async function personOf(req: Request): Promise<PersonFacts> {
    const person = await models.people.find(idOf(req))
    if (!person) throw new NotFound()
    return person
  }

  function refuse(req: Request, res: Response, person: PersonFacts, refused: Refused): void {
    renderRefused(req, res, 'admin/user', { title: person.fullName }, propsOf(req, person, refused))
  }

  async function answer(
    req: Request,
    res: Response,
    result: DeskResult,
    words: { deed: string; done: string; nothing: string },
  ): Promise<void> {
    if (result === 'done') log.warn(words.deed, { person: idOf(req), by: signedIn(req).id })
    const [kind, text] = answerTo(result, words)
    await flash(req, kind, text)
    res.redirect(303, paths.adminUser(idOf(req)))
  }
}

function answerTo(result: DeskResult, words: { done: string; nothing: string }): [Flash['kind'], string] {
  switch (result) {
    case 'done':
      return ['done', words.done]
    case 'nothing-to-do':
      return ['info', words.nothing]
    case 'own-account':
      return ['warning', t('This is your own account: another admin has to do that.')]
    case 'last-admin':
      return ['warning', t('This is the last admin. Make somebody else one first.')]
  }
}

function propsOf(req: Request, person: PersonFacts, { typed, errors }: Refused) {
  const { id, timezone } = signedIn(req)
  return { ...personPage(person, { timezone, isOwn: person.id === id }), form: typed, errors }
}

function fieldsOf(typed: Record<string, string>) {
  return [
    {
      kind: 'field',
      name: 'search',
      label: t('Name, address or id'),
      value: typed.search,
      hint: t('The beginning of it; an id as a whole'),
      autocomplete: 'off',
    },
    {
      kind: 'select',
      name: 'role',
      label: t('Role'),
      options: choices(t('Every role'), saidWords(ROLE_WORDS), typed.role),
    },
    {
      kind: 'select',
      name: 'status',
      label: t('Account'),
      options: choices(t('Every state'), saidWords(STATUS_WORDS), typed.status),
    },
  ]
}
