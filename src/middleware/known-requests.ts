import type { Request, RequestHandler } from 'express'
import { AppError } from '../errors.ts'
import { t } from '../language.ts'

const METHODS = ['GET', 'HEAD', 'POST']

/** Pages are looked at and forms are sent; there is nothing here for any other method. */
export const knownMethods: RequestHandler = (req, res, next) => {
  if (METHODS.includes(req.method)) return next()
  res.setHeader('Allow', METHODS.join(', '))
  next(
    new AppError(
      405,
      t('That can’t be done here'),
      t('Nothing was changed. Use the links and buttons of the pages.'),
    ),
  )
}

/** It asks for a page and changes nothing. */
export function onlyLooks({ method }: Pick<Request, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** A body that is not a plain form (JSON, XML, an upload) is refused before anybody reads it. */
export const onlyForms: RequestHandler = (req, _res, next) => {
  if (req.is('application/x-www-form-urlencoded') !== false) return next()
  next(
    new AppError(
      415,
      t('We do not take this kind of content'),
      t('Nothing was changed. Use the forms of the pages.'),
    ),
  )
}
