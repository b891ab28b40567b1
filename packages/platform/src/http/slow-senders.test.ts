import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createLogger } from '../logging/index.ts'
import { selfSigned } from '../testing/self-signed.ts'
import type { Application } from './application.ts'
import { createHttpServer } from './server.ts'
import type { TlsFiles } from './tls.ts'

const application: Application = {
  name: 'one',
  ready: async () => undefined,
  mount: async (scope) => {
    scope.post('/', async () => 'taken')
  },
}

const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

/** How each request begins, and what is sent repeatedly without ever completing it. */
const SLOW = {
  'a body trickles in': [`${POST}Content-Length: 100000\r\n\r\n`, ' '],
  'a chunked body trickles in': [`${POST}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  'its headers trickle in': [`${POST}X-Slow: `, 'x'],
} as const

async function start(tls: TlsFiles | null) {
  const app = await createHttpServer({
    applications: [application],
    logger: createLogger('silent', { write: () => {} }),
    tls,
    trustedProxies: [],
    requestTimeoutMs: 300,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** What the server sends before it closes the connection of a slow sender. */
async function drip(socket: Socket, [begin, drop]: readonly [string, string]): Promise<string> {
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  socket.on('error', () => {})
  socket.write(begin)
  const dripping = setInterval(() => socket.writable && socket.write(drop), 20)
  await once(socket, 'close')
  clearInterval(dripping)
  return received
}

describe('a connection with a slow sender is closed at the request timeout', () => {
  for (const [what, parts] of Object.entries(SLOW)) {
    it(`while ${what}`, { timeout: 20_000 }, async () => {
      const { app, port } = await start(null)
      assert.match(await drip(connect(port, '127.0.0.1'), parts), /^HTTP\/1\.1 408 /)
      await app.close()
    })

    it(`while ${what}, over TLS`, { timeout: 20_000 }, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'slow-'))
      const files = { certFile: join(folder.path, 'crt'), keyFile: join(folder.path, 'key') }
      const { cert, key } = selfSigned('one')
      writeFileSync(files.certFile, cert)
      writeFileSync(files.keyFile, key)
      const { app, port } = await start(files)
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      assert.match(await drip(socket, parts), /^HTTP\/1\.1 408 /)
      await app.close()
    })
  }
})
