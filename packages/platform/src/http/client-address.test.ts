import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import Fastify from 'fastify'
import type { Application } from './application.ts'
import { clientAddress, normalizeAddress } from './client-address.ts'
import { createHttpServer } from './server.ts'

/** Answers with the client address it determines. */
const echo: Application = {
  name: 'echo',
  ready: async () => undefined,
  mount: async (app) => {
    app.get('/', (request, reply) => reply.send(clientAddress(request)))
  },
}

async function serverTrusting(...trustedProxies: string[]) {
  const logger = Fastify().log
  return createHttpServer({ applications: [echo], logger, tls: null, trustedProxies })
}

/** The client address for a server that trusts `trusted`, when `peer` sends `forwarded`. */
async function seen(trusted: string[], peer: string, forwarded?: string): Promise<string> {
  const app = await serverTrusting(...trusted)
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const { body } = await app.inject({ url: '/', remoteAddress: peer, headers })
  await app.close()
  return body
}

describe('clientAddress', () => {
  it('is the peer when no proxy is trusted, whatever the header says', async () => {
    assert.equal(await seen([], '198.51.100.1', '203.0.113.9'), '198.51.100.1')
  })

  it('is the peer when an untrusted one sends the header', async () => {
    assert.equal(await seen(['10.0.0.0/8'], '198.51.100.1', '203.0.113.9'), '198.51.100.1')
    assert.equal(
      await seen(['10.0.0.0/8'], '198.51.100.1', '203.0.113.9, 10.0.0.1'),
      '198.51.100.1',
    )
  })

  it('is the address that a trusted proxy reports', async () => {
    assert.equal(await seen(['10.0.0.0/8'], '10.1.2.3', '203.0.113.9'), '203.0.113.9')
    assert.equal(await seen(['fd00::/8'], 'fd12::1', '203.0.113.9'), '203.0.113.9')
    assert.equal(await seen(['192.0.2.1', '10.0.0.1'], '10.0.0.1', '203.0.113.9'), '203.0.113.9')
  })

  it('is the peer when a trusted proxy reports none', async () => {
    assert.equal(await seen(['10.0.0.0/8'], '10.1.2.3'), '10.1.2.3')
  })

  it('is the nearest untrusted hop, not what a client put before it', async () => {
    const forwarded = '127.0.0.1, 203.0.113.9, 10.0.0.2'
    assert.equal(await seen(['10.0.0.0/8'], '10.0.0.1', forwarded), '203.0.113.9')
  })

  it('recognizes an IPv4 proxy by its IPv4-mapped address', async () => {
    assert.equal(await seen(['10.0.0.1'], '::ffff:10.0.0.1', '203.0.113.9'), '203.0.113.9')
    assert.equal(await seen(['10.0.0.0/8'], '::ffff:198.51.100.1', '203.0.113.9'), '198.51.100.1')
  })

  it('is the reporting hop when what it reported is not an address', async () => {
    assert.equal(await seen(['10.0.0.0/8'], '10.0.0.1', 'unknown'), '10.0.0.1')
    assert.equal(await seen(['10.0.0.0/8'], '10.0.0.1', '1.2.3.4, _hidden, 10.0.0.2'), '10.0.0.2')
  })

  it('holds over a real connection', async () => {
    const header =
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n'
    for (const [trusted, expected] of [
      ['127.0.0.0/8', '203.0.113.9'],
      ['10.0.0.0/8', '127.0.0.1'],
    ] as const) {
      const app = await serverTrusting(trusted)
      await app.listen({ host: '127.0.0.1', port: 0 })
      const { port } = app.server.address() as { port: number }
      const socket = connect(port, '127.0.0.1')
      socket.write(header)
      const answer = await text(socket)
      assert.equal(answer.split('\r\n\r\n')[1], expected)
      await app.close()
    }
  })
})

describe('normalizeAddress', () => {
  const SPELLINGS: readonly (readonly [string, string | null])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['', null],
    ['unknown', null],
    ['192.0.2', null],
    ['192.0.2.01', null],
    ['192.0.2.256', null],
    ['2001:db8::1::2', null],
    ['192.0.2.1, 192.0.2.2', null],
  ]
  for (const [text_, expected] of SPELLINGS) {
    it(`makes ${expected} of ${JSON.stringify(text_)}`, () => {
      assert.equal(normalizeAddress(text_), expected)
    })
  }
})
