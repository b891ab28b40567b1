/**
 * A proxy in front of the real server that fails as it is told: refuses, or loses the answer after
 * the server has kept the report. It writes down what it was sent.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { selfSigned } from '../../packages/platform/src/testing/self-signed.ts'

const ENDPOINTS = {
  '/api/v1/login': 'login',
  '/v1/asset/track': 'report',
  '/v1/asset/track/batch': 'batch',
} as const

export type Endpoint = (typeof ENDPOINTS)[keyof typeof ENDPOINTS]

export type Fault =
  /** Answered by the proxy; the server sees nothing of it. */
  | { readonly status: number; readonly retryAfter?: string }
  /** The server answers, and the connection ends before anything of the answer is through. */
  | 'lose the answer'
  /** The same after the head and a part of the body. */
  | 'cut the answer'

export interface Faults extends Partial<Record<Endpoint, readonly Fault[]>> {
  /** In place of the `expires_in` of each login. */
  readonly expiresIn?: number
  /** Speaks TLS with a certificate that no client trusts. */
  readonly hasUntrustedCertificate?: boolean
}

export interface SeenRequest {
  readonly endpoint: Endpoint | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Milliseconds on `performance.now()`. */
  readonly arrivedMs: number
  /** Null where the server was not asked. */
  readonly answer: {
    readonly status: number
    readonly replay: boolean
    readonly text: string
  } | null
}

export interface FaultyProxy {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  close(): Promise<void>
}

const FORWARDED = ['authorization', 'content-type', 'x-request-id', 'x-request-timestamp']

/** @param faults the first requests to an endpoint meet these, in order; the others go through. */
export async function startFaultyProxy(target: string, faults: Faults): Promise<FaultyProxy> {
  const requests: SeenRequest[] = []
  const counts = new Map<Endpoint, number>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedMs = performance.now()
    const body = Buffer.concat(await request.toArray()).toString()
    const endpoint = ENDPOINTS[request.url as keyof typeof ENDPOINTS]
    const count = counts.get(endpoint) ?? 0
    counts.set(endpoint, count + 1)
    const fault = faults[endpoint]?.[count]
    const seen = { endpoint, headers: request.headers, body, arrivedMs }
    if (typeof fault === 'object') {
      requests.push({ ...seen, answer: null })
      const { status, retryAfter } = fault
      const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify({ status: 'error', message: 'From the proxy', detail: 'A test' }))
      return
    }
    const answer = await forward(request, body)
    const status = answer.status
    const replay = answer.headers.get('idempotent-replay') === 'true'
    const text = rewritten(endpoint, await answer.text())
    requests.push({ ...seen, answer: { status, replay, text } })
    if (fault === 'lose the answer') {
      request.socket.destroy()
      return
    }
    const length = Buffer.byteLength(text)
    const type = answer.headers.get('content-type') ?? ''
    response.writeHead(status, { 'content-type': type, 'content-length': length })
    if (fault === 'cut the answer') {
      response.write(text.slice(0, 10), () => request.socket.destroy())
      return
    }
    response.end(text)
  }

  function forward(request: IncomingMessage, body: string): Promise<Response> {
    const headers = FORWARDED.flatMap((name) => {
      const value = request.headers[name]
      return typeof value === 'string' ? [[name, value] as [string, string]] : []
    })
    return fetch(`${target}${request.url}`, { method: request.method ?? '', headers, body })
  }

  function rewritten(endpoint: Endpoint, text: string): string {
    if (endpoint !== 'login' || faults.expiresIn === undefined) return text
    return JSON.stringify({ ...JSON.parse(text), expires_in: faults.expiresIn })
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => request.socket.destroy())
  }
  const isTls = faults.hasUntrustedCertificate === true
  const server = isTls ? createTlsServer(selfSigned('localhost'), listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${isTls ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
