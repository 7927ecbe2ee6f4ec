import { z } from 'zod'
import { term } from '../../language.ts'
import { SCOPES, type Scope } from '../../models/api-token/scopes.ts'
import { OPERATIONS, type Operation, problemsOf } from './operations.ts'
import { PROBLEMS, type ProblemName } from './problems.ts'
import { idempotencyKey, idInPath, named } from './schemas.ts'

type Json = Record<string, unknown>

export const SCOPE_WORDS: Record<Scope, string> = {
  'habits:read': term('see habits, streaks and check-offs'),
  'check-offs:write': term('check habits off, also for the last seven days, and take check-offs back'),
  'payments:read': term('see payments and where they stand'),
  'goals:read': term('see goals, what they hold and how they get on'),
}

const PROBLEM_TYPE = 'application/problem+json'
const REF = '#/components/schemas/'

/** The API as OpenAPI 3.1 has it. @param baseUrl where it is, as the settings say. */
export function openApiDocument(baseUrl: string): Json {
  const paths: Record<string, Json> = {}
  for (const [id, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described(id, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sparvana',
      version: '1',
      description:
        'Habits, check-offs and payments of one saver, for programs of theirs. Amounts are whole numbers in minor units beside their currency, days are days of the saver’s calendar, instants have their zone. Nothing here changes accounts, limits, security or tokens.',
    },
    servers: [{ url: baseUrl }],
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: `A token made under Settings, Tokens for programs. Scopes: ${SCOPES.map((scope) => `${scope} (${SCOPE_WORDS[scope]})`).join(', ')}.`,
        },
      },
    },
  }
}

function described(operationId: string, operation: Operation): Json {
  const { guard, summary, about, body } = operation
  return {
    operationId,
    summary,
    description: about,
    security: guard.who === 'token' ? [{ token: guard.scope ? [guard.scope] : [] }] : [],
    parameters: parametersOf(operation),
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: inPlace(body) } } } }
      : {}),
    responses: responsesOf(operation),
  }
}

function parametersOf({ path, query, keyed }: Operation): Json[] {
  const inPath = path.includes(':id') ? fields(idInPath).map((field) => ({ in: 'path', ...field })) : []
  const inQuery = query ? fields(query).map((field) => ({ in: 'query', ...field })) : []
  const inHeader = keyed
    ? [{ in: 'header', name: 'Idempotency-Key', required: false, schema: inPlace(idempotencyKey) }]
    : []
  return [...inPath, ...inQuery, ...inHeader]
}

function fields(schema: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = inPlace(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    required: required.includes(name),
    ...(description ? { description } : {}),
    schema: of,
  }))
}

function responsesOf(operation: Operation): Json {
  const good = operation.answers.map(({ status, about, schema }) => [
    String(status),
    {
      description: about,
      ...(schema ? { content: { 'application/json': { schema: inPlace(schema) } } } : bare(status)),
    },
  ])
  const byStatus = Object.groupBy(problemsOf(operation), (name) => String(PROBLEMS[name].status))
  const bad = Object.entries(byStatus).map(([status, names = []]) => [status, refusal(names)])
  return Object.fromEntries([...good, ...bad])
}

/** What has no schema is an object of its own kind, or nothing at all. */
function bare(status: number): Json {
  return status === 204 ? {} : { content: { 'application/json': { schema: { type: 'object' } } } }
}

function refusal(names: ProblemName[]): Json {
  return {
    description: names.map((name) => `${name}: ${PROBLEMS[name].title}`).join('; '),
    content: { [PROBLEM_TYPE]: { schema: { $ref: `${REF}Problem` } } },
  }
}

/** A schema with a name is pointed at. */
function inPlace(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const name = named.get(schema)?.id
  if (name) return { $ref: REF + name }
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, metadata: named })
  return rest
}

function namedSchemas(): Json {
  const { schemas } = z.toJSONSchema(named, { uri: (id) => REF + id })
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema, $id, ...schema }]) => [name, schema]),
  )
}
