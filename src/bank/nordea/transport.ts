/** Bytes to and from the bank's host, bounded in time and size. Knows nothing of the bank's words. */
import type { Dispatcher } from 'undici'
// Two of its hundred files: the package's own door opens all of them, with caches, sockets and mocks.
import errors from 'undici/lib/core/errors.js'
import Pool from 'undici/lib/dispatcher/pool.js'
import type { Timeouts } from './settings.ts'

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path and query, percent-encoded, with the base's prefix. */
  target: string
  headers: Record<string, string>
  body: string | null
  /** The reading of `performance.now()` from which on it must not leave any more. */
  sendBefore?: number
}

export interface WireAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** `too-late`: ready to be sent, but only after its time; never written. */
export type TransportFailure = 'timeout' | 'connection' | 'too-large' | 'refused-locally' | 'too-late'

export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly failure: TransportFailure
  /**
   * False only where it is proven that not one byte of the request left: the connection (with its TLS handshake) was
   * never ready for it. Everything else may have reached the bank.
   */
  readonly written: boolean
  /** The status, where the head of the answer came before things went wrong. */
  readonly status: number | null

  constructor(failure: TransportFailure, written: boolean, status: number | null, cause: unknown) {
    super(`bank transport: ${failure}`, { cause })
    this.failure = failure
    this.written = written
    this.status = status
  }
}

export interface Transport {
  /** @throws TransportError and nothing else. */
  send(request: WireRequest): Promise<WireAnswer>
  close(): Promise<void>
}

/** no answer of the bank is longer; a page of transactions is some tens of kilobytes. */
const MAX_ANSWER_BYTES = 1_000_000
/** Enough for the busiest worker, few enough that we never look like an attack. */
const CONNECTIONS = 16

export function openTransport(origin: string, timeouts: Timeouts): Transport {
  const pool = new Pool(origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes nothing.
    connect: { timeout: timeouts.connectMs, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
  })
  // The phases each have a limit; this one stops a body that drips a byte at a time, and a wait in the pool's queue.
  const deadlineMs = timeouts.connectMs + timeouts.headersMs + timeouts.bodyMs
  return {
    send: (request) =>
      new Promise((resolve, reject) => new Exchange(pool, request, deadlineMs, resolve, reject)),
    close: () => pool.close(),
  }
}

/** One request and its answer, on undici's lowest level because only there is it known whether writing has begun. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: WireAnswer) => void
  readonly #reject: (error: TransportError) => void
  readonly #timer: NodeJS.Timeout
  readonly #sendBefore: number
  #controller: Dispatcher.DispatchController | null = null
  #written = false
  #settled = false
  #status: number | null = null
  #headers: WireAnswer['headers'] = {}
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(
    pool: Pool,
    request: WireRequest,
    deadlineMs: number,
    resolve: (answer: WireAnswer) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#fail('timeout', new Error('deadline')), deadlineMs)
    const { method, target: path, headers, body, sendBefore = Infinity } = request
    this.#sendBefore = Math.min(sendBefore, performance.now() + deadlineMs)
    if (this.#isTooLate()) {
      this.#fail('too-late', new Error('before connecting'))
      return
    }
    try {
      pool.dispatch({ path, method, headers, body }, this)
    } catch (error) {
      this.#fail('refused-locally', error)
    }
  }

  /** Called immediately before the head is written to a connected socket. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A second start would be undici sending again by itself; an order must never go out twice.
    if (this.#settled || this.#written) {
      controller.abort(new Error('not to be sent'))
      return
    }
    this.#controller = controller
    // A process that was stopped meanwhile wakes up here, before its timers fire, long after others took over its work.
    if (this.#isTooLate()) {
      this.#fail('too-late', new Error('before writing'))
      return
    }
    this.#written = true
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: WireAnswer['headers'],
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > MAX_ANSWER_BYTES) this.#fail('too-large', new Error('answer too large'))
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (!this.#settle()) return
    this.#resolve({
      status: this.#status ?? 0,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks).toString('utf8'),
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(failureOf(error), error)
  }

  /** By the monotonic clock, which nobody sets. Asked so that a limit that isn't a number has always passed. */
  #isTooLate(): boolean {
    return !(performance.now() < this.#sendBefore)
  }

  #fail(failure: TransportFailure, cause: unknown): void {
    if (!this.#settle()) return
    this.#reject(new TransportError(failure, this.#written, this.#status, cause))
    this.#controller?.abort(cause instanceof Error ? cause : new Error('given up'))
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#timer)
    return true
  }
}

function failureOf(error: Error): TransportFailure {
  if (
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  ) {
    return 'timeout'
  }
  if (error instanceof errors.InvalidArgumentError) return 'refused-locally'
  return 'connection'
}
