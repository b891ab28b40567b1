/**
 * One keep-alive connection to the server under test, without an HTTP client in between: headers
 * and bytes are sent as given, responses are returned as text.
 */

import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

export interface Request {
  readonly method?: string
  /** With its query, if any. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

export interface Answer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /**
   * The local port of the connection: two responses with the same port came over one connection.
   */
  readonly localPort: number
  /** The body as a JSON object. @throws if it is not JSON. */
  json(): Record<string, unknown>
}

export interface Connection {
  /** One request at a time, over the same socket as long as the server keeps it open. */
  send(request: Request): Promise<Answer>
  close(): void
}

/** A hanging server fails the test. */
const ANSWER_WITHIN_MS = 20_000

/** @param sockets the number of concurrent requests. */
export function openConnection(baseUrl: string, sockets = 1): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets })
  return {
    send: ({ method = 'POST', path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const url = new URL(baseUrl)
        const outgoing = request({
          agent,
          method,
          path,
          host: url.hostname,
          port: url.port,
          headers: { ...lengthOf(body, headers), ...headers } as OutgoingHttpHeaders,
        })
        outgoing.on('error', reject)
        outgoing.setTimeout(ANSWER_WITHIN_MS, () => {
          outgoing.destroy(new Error(`${method} ${url.host}${path.split('?')[0]}: no answer`))
        })
        outgoing.on('response', (incoming) => {
          const chunks: Buffer[] = []
          const localPort = incoming.socket.localPort ?? 0
          incoming.on('data', (chunk) => chunks.push(chunk))
          incoming.on('error', reject)
          incoming.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            const json = () => JSON.parse(text)
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              text,
              localPort,
              json,
            })
          })
        })
        outgoing.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** A body with `transfer-encoding: chunked` has no length. */
function lengthOf(body: Request['body'], headers: object): { 'content-length'?: string } {
  if (body === undefined || 'transfer-encoding' in headers) return {}
  return { 'content-length': String(Buffer.byteLength(body)) }
}
