/** A bank that answers exactly as a test tells it to, over real HTTP. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedCall {
  method: string
  target: string
  headers: IncomingHttpHeaders
  body: string
}

export type Script = (call: ReceivedCall, res: ServerResponse, req: IncomingMessage) => void

export interface ScriptedBank {
  url: string
  calls: ReceivedCall[]
  script: Script
  close(): Promise<void>
}

export async function startScriptedBank(
  script: Script = (_call, res) => json(res, 200, {}),
): Promise<ScriptedBank> {
  const bank: ScriptedBank = { url: '', calls: [], script, close: async () => {} }
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const call = { method: req.method ?? '', target: req.url ?? '', headers: req.headers, body }
      bank.calls.push(call)
      bank.script(call, res, req)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  bank.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  bank.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return bank
}

export function json(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  res.end(typeof body === 'string' ? body : JSON.stringify(body))
}
