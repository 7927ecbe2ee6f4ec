/** What becomes of an answer on its way out, after the call has had its effect. */

import { STATUS_CODES } from 'node:http'
import type { Request, Response } from 'express'
import { GatewayError, refusal, sendError } from '../errors.ts'
import type { Fault } from './orders.ts'
import type { Pauses } from './pauses.ts'

type StatusFault = Extract<Fault, { kind: 'status' | 'status-after' }>

export type AnswerFault = Extract<
  Fault,
  {
    kind:
      | 'status-after'
      | 'drop-after'
      | 'timeout-after'
      | 'slow-headers'
      | 'slow-body'
      | 'malformed-json'
      | 'truncated-json'
  }
>

/** A slow body comes in so many pieces, or fewer if it is that short. */
const PIECES = 10

const CODES: Record<number, string> = {
  400: 'error.validation',
  401: 'error.token.invalid',
  403: 'error.resource.denied',
  404: 'error.resource.notfound',
  409: 'nordea.error.payment.update.illegal_state',
}

/** The refusal a fault asks for, in the shape of whoever is to give it. */
export function statusAsked({ status, answeredBy }: StatusFault): Error {
  const text = 'A fault was asked for here.'
  if (answeredBy === 'gateway') return new GatewayError(status, STATUS_CODES[status] ?? 'Error', text)
  return refusal(status, CODES[status] ?? (status < 500 ? 'error.request' : 'error.internal'), text)
}

/** Lets the fault loose on the answer once it is complete; until then nothing of it is sent. */
export function spoilAnswer(
  fault: AnswerFault,
  req: Request,
  res: Response,
  now: Date,
  pauses: Pauses,
): void {
  whenComplete(res, (body) => {
    switch (fault.kind) {
      case 'status-after':
        return answerOtherwise(fault, req, res, now)
      case 'drop-after':
        return void req.socket.destroy()
      case 'timeout-after':
        return
      case 'slow-headers':
        return void answerLater(res, body, fault.delayMs, pauses)
      case 'slow-body':
        return void drip(res, body, fault.delayMs, pauses)
      case 'malformed-json':
        return void res.end(withWrongQuotes(body))
      case 'truncated-json':
        return sendHalf(req, res, body)
    }
  })
}

/** Everything express sends comes down to one `end`, with the whole body or none. */
function whenComplete(res: Response, goOn: (body: Buffer) => void): void {
  const { end } = res
  res.end = ((body?: string | Buffer) => {
    res.end = end
    goOn(Buffer.from(body ?? ''))
    return res
  }) as Response['end']
}

function answerOtherwise(fault: StatusFault, req: Request, res: Response, now: Date): void {
  for (const name of ['Content-Type', 'Content-Length', 'Location']) res.removeHeader(name)
  sendError(statusAsked(fault), req, res, now)
}

async function answerLater(res: Response, body: Buffer, delayMs: number, pauses: Pauses): Promise<void> {
  if ((await pauses.wait(delayMs)) && !res.destroyed) res.end(body)
}

async function drip(res: Response, body: Buffer, delayMs: number, pauses: Pauses): Promise<void> {
  res.flushHeaders()
  const pieces = Math.max(1, Math.min(PIECES, body.length))
  for (let sent = 0; sent < pieces; sent += 1) {
    if (!(await pauses.wait(delayMs / pieces)) || res.destroyed) return
    res.write(body.subarray((body.length * sent) / pieces, (body.length * (sent + 1)) / pieces))
  }
  res.end()
}

/** Reads like the answer and is as long, but no JSON has such quotes. */
function withWrongQuotes(body: Buffer): Buffer {
  return Buffer.from(body.toString('utf8').replaceAll('"', "'"))
}

function sendHalf(req: Request, res: Response, body: Buffer): void {
  if (body.length === 0) return void res.end(body)
  res.write(body.subarray(0, Math.floor(body.length / 2)), () => req.socket.destroySoon())
}
