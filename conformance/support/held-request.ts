/**
 * A request whose headers have been processed and whose body is held back, over a socket of its
 * own.
 *
 * `Expect: 100-continue` (RFC 9110 §10.1.1) makes this exact: the server's interim response shows
 * that it has processed the headers, so a test does not have to guess when.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly text: string
}

export interface HeldRequest {
  readonly socket: Socket
  /** Sends the rest of the body and reads the response to the end of the connection. */
  finish(): Promise<RawAnswer>
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
/** A hanging server fails the test. */
const WITHIN_MS = 20_000

/**
 * @param token null: without `Authorization`.
 * @param request all of its body except the last byte is sent at once.
 */
export async function holdBack(
  url: string,
  token: string | null,
  request: {
    readonly method: string
    readonly path: string
    readonly body: string
    readonly headers?: Readonly<Record<string, string>>
  },
): Promise<HeldRequest> {
  const { method, path, body, headers = {} } = request
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const bytes = Buffer.from(body)
  socket.setTimeout(WITHIN_MS, () => socket.destroy(new Error(`${method} ${path}: no answer`)))
  const head = {
    host: 'localhost',
    ...(token !== null && { authorization: `Bearer ${token}` }),
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    connection: 'close',
    expect: '100-continue',
    ...headers,
  }
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  let seen = ''
  while (!seen.includes(CONTINUE)) seen += String((await once(socket, 'data'))[0])
  // A response may arrive before the body is complete; without a listener it would be lost.
  socket.pause()
  socket.write(bytes.subarray(0, -1))
  return {
    socket,
    async finish() {
      socket.write(bytes.subarray(-1))
      return readAnswer(socket)
    },
  }
}

/** Reads to the end of the connection. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), text }
}
