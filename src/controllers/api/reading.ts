import type { Request } from 'express'
import type { z } from 'zod'
import { ApiProblem, type ProblemFacts } from './problems.ts'

type FieldErrors = NonNullable<ProblemFacts['errors']>

/** @throws ApiProblem naming the fields that are wrong. */
export function readBody<T extends z.ZodType>(schema: T, req: Request): z.output<T> {
  return read(schema, req.body ?? {})
}

/** Every name once. @throws ApiProblem naming the fields that are wrong. */
export function readQuery<T extends z.ZodType>(schema: T, req: Request): z.output<T> {
  return read(schema, req.query)
}

/** @throws ApiProblem; null where the header was not sent. */
export function readHeader<T extends z.ZodType>(schema: T, req: Request, name: string): z.output<T> | null {
  const value = req.get(name)
  if (value === undefined) return null
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ApiProblem('invalid', { errors: [{ field: name, message: 'is not well formed' }] })
}

function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ApiProblem('invalid', { errors: errorsIn(parsed.error) })
}

/** Names that somebody has made up are not said back to them. */
function errorsIn({ issues }: z.ZodError): FieldErrors {
  return issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? { field: null, message: 'There is a field that the request does not have.' }
      : { field: issue.path.join('.') || null, message: issue.message },
  )
}
