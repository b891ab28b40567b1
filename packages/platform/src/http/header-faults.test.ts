import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { createLogger } from '../logging/index.ts'
import { createHttpServer } from './server.ts'

let app: FastifyInstance
let handled = 0

before(async () => {
  app = await createHttpServer({
    applications: [
      {
        name: 'one',
        ready: async () => undefined,
        mount: async (scope) => {
          scope.get('/', async () => {
            handled++
            return 'ok'
          })
        },
      },
    ],
    logger: createLogger('silent', { write: () => {} }),
    tls: null,
    trustedProxies: [],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
})
after(() => app.close())

async function exchange(head: string): Promise<string> {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`GET / ${head}\r\n\r\n`)
  return text(socket)
}

const REFUSED: Readonly<Record<string, readonly [head: string, why: RegExp]>> = {
  'two Host lines': ['HTTP/1.1\r\nHost: a\r\nHost: b', /header host may be sent only once/],
  'the same Host twice': ['HTTP/1.1\r\nHost: a\r\nHost: a', /header host may be sent only once/],
  'a second Host in another case': ['HTTP/1.1\r\nhost: a\r\nHOST: a', /host may be sent only/],
  'two Host lines in HTTP/1.0': ['HTTP/1.0\r\nHost: a\r\nHost: b', /host may be sent only once/],
  'no Host': ['HTTP/1.1\r\nX: y', /Host header is missing/],
  'a Host with a path': ['HTTP/1.1\r\nHost: a/b', /Host header is not a host/],
  'a Host with a user': ['HTTP/1.1\r\nHost: u@a', /Host header is not a host/],
  'a Host with a space': ['HTTP/1.1\r\nHost: a b', /Host header is not a host/],
  'two tokens': [
    'HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nauthorization: Bearer b',
    /header authorization may be sent only once/,
  ],
  'two content types': [
    'HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d',
    /header content-type may be sent only once/,
  ],
}

describe('a request', () => {
  for (const [what, [head, why]] of Object.entries(REFUSED)) {
    it(`with ${what} is refused with 400, and its connection is closed`, async () => {
      const before = handled
      const answer = await exchange(head)
      assert.match(answer, /^HTTP\/1\.1 400 /)
      assert.match(answer, /\r\nconnection: close\r\n/i)
      assert.match(answer, /\r\nx-request-id: /i)
      assert.match(answer, why)
      assert.equal(handled, before)
    })
  }

  for (const [what, head] of Object.entries({
    'a name and a port': 'HTTP/1.1\r\nHost: api.example:8443',
    'an IPv6 address': 'HTTP/1.1\r\nHost: [::1]:8080',
    nothing: 'HTTP/1.1\r\nHost:',
  })) {
    it(`whose Host is ${what} is served`, async () => {
      assert.match(await exchange(`${head}\r\nConnection: close`), /^HTTP\/1\.1 200 /)
    })
  }

  it('of HTTP/1.0 needs no Host', async () => {
    assert.match(await exchange('HTTP/1.0'), /^HTTP\/1\.1 200 /)
  })
})
