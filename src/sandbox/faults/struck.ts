/** How a fault that the bank itself must act out reaches the handlers. */

import type { Request, Response } from 'express'
import type { Fault } from './orders.ts'

export function keepFault(res: Response, fault: Fault): void {
  res.locals.fault = fault
}

export function faultOn(req: Request): Fault | null {
  return (req.res?.locals.fault as Fault | undefined) ?? null
}
