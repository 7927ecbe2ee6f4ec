import type { RequestHandler } from 'express'
import { formatMoney } from '../../format.ts'
import { t } from '../../language.ts'
import { PUBLIC } from '../../middleware/authorisation.ts'
import { SCOPES } from '../../models/api-token/scopes.ts'
import { paths } from '../../paths.ts'
import type { WebContext } from '../context.ts'
import { renderOpenPage } from '../page.ts'
import { SCOPE_WORDS } from './openapi.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { PROBLEMS } from './problems.ts'

/** The page on which programs' makers read how to ask; made of the same tables as the document. */
export function developerRouter(
  context: WebContext,
  baseUrl: string,
  requestsPerMinute: number,
): RequestHandler {
  const props = () => ({
    baseUrl,
    apiUrl: baseUrl + paths.api,
    exampleAmount: formatMoney(1250, 'DKK'),
    documentPath: paths.apiDocument,
    tokensPath: paths.settingsTokens,
    requestsPerMinute,
    scopes: SCOPES.map((scope) => ({ scope, allows: t(SCOPE_WORDS[scope]) })),
    operations: Object.entries(OPERATIONS).map(([id, operation]) => shown(id, operation, baseUrl)),
    problems: Object.entries(PROBLEMS).map(([name, words]) => ({ name, ...words })),
  })
  /** GET /developers */
  const show: RequestHandler = (req, res) => {
    renderOpenPage(req, res, 'api/developers', { title: t('For programs: the API') }, props())
  }
  return context.routes.router([['GET', paths.developers, PUBLIC, show]])
}

function shown(id: string, operation: Operation, baseUrl: string) {
  const { method, path, guard, summary, about, query, answers } = operation
  return {
    id,
    method,
    path: path.replace(':id', '{id}'),
    summary: t(summary),
    about: t(about),
    scope: guard.scope ?? null,
    fields: Object.entries(query?.shape ?? {}).map(([name, field]) => ({
      name,
      about: field.description ? t(field.description) : '',
    })),
    answers: answers.map(({ status, about: what }) => ({ status, about: t(what) })),
    problems: operation.problems,
    curl: curlOf(operation, baseUrl),
  }
}

function exampleOf(body: NonNullable<Operation['body']>): string {
  const place = '"day": "2026-06-17", "slot": 1, "version": 1'
  return 'pays' in body.shape ? `{${place}, "pays": false}` : `{${place}}`
}

const EXAMPLE_ID = '01980000-0000-7000-8000-000000000000'

function curlOf({ method, path, guard, body, keyed }: Operation, baseUrl: string): string {
  return [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${baseUrl}${path.replace(':id', EXAMPLE_ID)}`,
    ...(guard.who === 'token' ? ['-H "Authorization: Bearer $SPARVANA_TOKEN"'] : []),
    ...(keyed ? ['-H "Idempotency-Key: $(uuidgen)"'] : []),
    ...(body ? ['-H "Content-Type: application/json"', `-d '${exampleOf(body)}'`] : []),
  ].join(' \\\n  ')
}
