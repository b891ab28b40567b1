import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { FastifyError } from 'fastify'
import { createLogger } from '../logging/index.ts'
import type { Application } from './application.ts'
import { shutDown } from './drain.ts'
import { createHttpServer } from './server.ts'

/** Refuses like our applications, and reports when the server closes. */
function refusing(onClose: () => void): Application {
  return {
    name: 'refusing',
    ready: async () => undefined,
    mount: async (scope) => {
      scope.setErrorHandler<FastifyError>((error, _request, reply) => {
        const { statusCode = 500 } = error
        return reply.code(statusCode).send({ error: 'refused' })
      })
      scope.addHook('preClose', async () => onClose())
      scope.post('/limited', async () => 'taken')
      scope.post('/small', { bodyLimit: 1024 }, async () => 'taken')
      for (const statusCode of [401, 429]) {
        const refusal = Object.assign(new Error('refused'), { statusCode })
        scope.route({
          method: ['GET', 'POST'],
          url: `/${statusCode}`,
          onRequest: (_request, _reply, done) => done(refusal),
          handler: async () => 'taken',
        })
      }
    },
  }
}

/** A server with one connection, on which a request has just begun. */
async function start(begin: string) {
  const closing = Promise.withResolvers<void>()
  const app = await createHttpServer({
    applications: [refusing(closing.resolve)],
    logger: createLogger('silent', { write: () => {} }),
    tls: null,
    trustedProxies: [],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(begin)
  const [accepted] = (await once(app.server, 'connection')) as [Socket]
  while (accepted.bytesRead === 0) await setImmediate()
  return { app, socket, closing: closing.promise }
}

/** More than fits into the buffers between two sockets. */
const BODY = 'x'.repeat(16 * 1024 ** 2)
const HEAD = 'HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
const WHOLE = `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`

const CLOSING = WHOLE.replace('Host: x', 'Host: x\r\nConnection: close')

const REFUSED: Readonly<Record<string, readonly [status: number, request: string]>> = {
  'for its length': [413, `/limited ${WHOLE}`],
  'for its length, when that shows': [413, `/limited ${CHUNKED}`],
  unread: [429, `/429 ${WHOLE}`],
  'for its token': [401, `/401 ${WHOLE}`],
  'by an unrouted path': [404, `/nowhere ${WHOLE}`],
  'and whose sender wants to close': [413, `/limited ${CLOSING}`],
}

describe('a large body', { timeout: 20_000 }, () => {
  for (const [why, [status, request]] of Object.entries(REFUSED)) {
    it(`that is refused ${why} is read to its end`, async () => {
      const { app, socket } = await start('POST ')
      await promisify<string, void>(socket.write.bind(socket))(request)
      socket.setEncoding('latin1')
      const [answer] = (await once(socket, 'data')) as [string]
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} .*\\{"error":"\\w+".*\\}$`, 's'))
      socket.destroy()
      await app.close()
    })
  }

  it('may be a small one that is too large: the connection stays usable', async () => {
    const { app, socket } = await start('POST ')
    socket.setEncoding('latin1').write(`/small ${HEAD}Content-Length: 20000\r\n\r\n`)
    const [refusal] = (await once(socket, 'data')) as [string]
    assert.match(refusal, /^HTTP\/1\.1 413 /)
    assert.doesNotMatch(refusal, /\r\nconnection: close\r\n/i)
    socket.write(`${'x'.repeat(20_000)}POST /small ${HEAD}Content-Length: 2\r\n\r\n{}`)
    assert.match(((await once(socket, 'data')) as [string])[0], /^HTTP\/1\.1 200 /)
    socket.destroy()
    await app.close()
  })

  it('differs from a small one, where the refusal itself ends the connection if the sender wants that', async () => {
    const { app, socket } = await start('POST ')
    socket.write(`/401 ${HEAD}Connection: close\r\nContent-Length: 2\r\n\r\n{}`)
    assert.match(await text(socket), /\r\nconnection: close\r\n/i)
    await app.close()
  })

  it('whose sender asked to close is the last on its connection', async () => {
    const { app, socket } = await start('POST ')
    socket.write(`/401 ${CLOSING}`)
    assert.match(await text(socket), /^HTTP\/1\.1 401 /)
    await app.close()
  })
})

describe('while a server shuts down', { timeout: 20_000, concurrency: 4 }, () => {
  for (const [why, [status, request]] of Object.entries(REFUSED)) {
    for (const phase of ['drains', 'closes']) {
      it(`a large body that is refused ${why} is read to its end, as the server ${phase}`, async () => {
        const { app, socket, closing } = await start('POST ')
        const stopped = shutDown(app, phase === 'drains' ? 500 : 0)
        if (phase === 'closes') await closing
        // Like many clients, it reads nothing until everything is sent.
        await promisify<string, void>(socket.write.bind(socket))(request)
        const answer = await text(socket)
        assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} .*\\{"error":"\\w+".*\\}$`, 's'))
        await stopped
      })
    }
  }

  it('a refusal without any body is the last on its connection', async () => {
    const { app, socket } = await start('GET ')
    const stopped = shutDown(app, 500)
    socket.write(`/401 ${HEAD}\r\n`)
    assert.match(await text(socket), /^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/is)
    await stopped
  })
})
