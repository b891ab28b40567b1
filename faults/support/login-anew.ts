/** A client that opens a new connection for every login, and the outcomes. */

import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type RunningServer, startServer } from '../../conformance/support/running-server.ts'
import { writeTlsFiles } from '../../conformance/support/tls-files.ts'

const TRANSPORTS = {
  plaintext: { ready: 'connect', secure: (socket: Socket): Socket => socket },
  TLS: {
    ready: 'secureConnect',
    secure: (socket: Socket): Socket => connectTls({ socket, rejectUnauthorized: false }),
  },
} as const
export type Transport = keyof typeof TRANSPORTS
export const TRANSPORT_NAMES = Object.keys(TRANSPORTS) as Transport[]

/**
 * A status such as `200`; `refused`: no process listens; `reset`: perhaps before the process
 * accepted it; `unanswered`: accepted, as a handshake needs both sides; `late`: no response for ten
 * seconds.
 */
export type Outcome = 'refused' | 'reset' | 'unanswered' | 'late' | `${number}`

const LATE_MS = 10_000

/** Logs in over a connection of its own. */
export type LoginAnew = () => Promise<Outcome>

export function loginAnew({ url, credentials }: RunningServer, transport: Transport): LoginAnew {
  const port = Number(new URL(url).port)
  const request = loginRequest(credentials)
  return () => exchange(port, transport, request)
}

async function exchange(port: number, transport: Transport, request: string): Promise<Outcome> {
  const { ready, secure } = TRANSPORTS[transport]
  const plain = connect(port, '127.0.0.1')
  const socket = secure(plain)
  let heard = ''
  let refused = false
  let late = false
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  plain.on('error', ({ code }: NodeJS.ErrnoException) => {
    refused ||= code === 'ECONNREFUSED'
  })
  plain.setTimeout(LATE_MS, () => {
    late = true
    socket.destroy()
  })
  let greeted = false
  socket
    .on('error', () => {})
    .on(ready, () => {
      greeted = transport === 'TLS'
      socket.write(request)
    })
  await new Promise((resolve) => socket.once('close', resolve))
  const [, status] = /^HTTP\/1\.1 (\d+) /.exec(heard) ?? []
  if (status !== undefined && heard.endsWith('}')) return `${Number(status)}`
  if (late) return 'late'
  if (refused) return 'refused'
  return greeted || heard !== '' ? 'unanswered' : 'reset'
}

function loginRequest(credentials: object): string {
  const body = JSON.stringify(credentials)
  const head = [
    'POST /api/v1/login HTTP/1.1',
    'Host: x',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** A server with `transport`; it stops with `body`. */
export async function withServer(
  { transport, drain, socket }: { transport: Transport; drain: string; socket: 'own' | 'held' },
  body: (server: RunningServer) => Promise<void>,
): Promise<void> {
  using files = writeTlsFiles('leaving')
  const settings = { MIOT_DRAIN_SECONDS: drain, MIOT_LOG_LEVEL: 'silent' }
  const server = await startServer(
    { ...settings, ...(transport === 'TLS' && files.settings) },
    socket,
  )
  try {
    await body(server)
  } finally {
    await server.stop()
  }
}
