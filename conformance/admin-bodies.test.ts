/**
 * The memory that request bodies of the admin API hold: bounded while they arrive and while a bulk
 * request runs, for each tenant and in total. A refusal says when to retry; other requests are
 * served.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminToken } from './support/administrator.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

const BULK = '/admin/v1/clients/bulk'
const MAX_BULK_BYTES = 16 * 1024 ** 2
/** The limit for all arriving bodies. */
const MAX_ARRIVING_BYTES = 64 * 1024 ** 2
const UNFINISHED = Buffer.alloc(MAX_BULK_BYTES - 1, ' ')

let server: RunningServer
let token: string
let otherToken: string
let agent: Agent

before(async () => {
  server = await startServer({ MIOT_LOG_LEVEL: 'silent' })
  token = await adminToken(server)
  otherToken = await adminToken(server, ['--environment', 'production'])
})
after(() => server.stop())
beforeEach(() => {
  agent = new Agent({ keepAlive: true })
})
afterEach(() => agent.destroy())

function bulk(bearer: string, headers: Record<string, string | number> = {}): ClientRequest {
  const outgoing = request(`${server.url}${BULK}`, {
    agent,
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/x-ndjson',
      ...headers,
    },
  })
  outgoing.on('error', () => {})
  return outgoing
}

async function answerTo(outgoing: ClientRequest) {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { statusCode, headers } = incoming
  return { status: statusCode, headers, body: await text(incoming) }
}

async function send(bearer: string, body: string | Buffer, headers = {}) {
  const outgoing = bulk(bearer, headers)
  const answer = answerTo(outgoing)
  outgoing.end(body)
  return answer
}

function assertRefused({ status, headers, body }: Awaited<ReturnType<typeof answerTo>>): void {
  assert.equal(status, 429, body)
  assert.equal(headers['retry-after'], '5')
  assert.match(String(headers['content-type']), /^application\/problem\+json/)
  assert.equal(JSON.parse(body).type, 'urn:modulariot:problem:too_many_requests')
}

let made = 0
const line = (): string =>
  JSON.stringify({
    name: `Device ${made}`,
    external_id: `device-${made++}`,
    grants: [{ audience: server.credentials.audience }],
  })

describe('unfinished bulk bodies', { timeout: 120_000 }, () => {
  it('hold no more than the limit: the oldest is refused, and others are served', async () => {
    const held = Math.floor(MAX_ARRIVING_BYTES / UNFINISHED.length)
    const senders = Array.from({ length: held + 4 }, () => {
      const outgoing = bulk(token, { 'content-length': MAX_BULK_BYTES })
      outgoing.write(UNFINISHED)
      return outgoing
    })
    let refused = 0
    const answers = senders.map((outgoing) =>
      answerTo(outgoing).then((answer) => {
        assertRefused(answer)
        refused++
      }),
    )
    for (const answer of answers) answer.catch(() => {})
    while (refused < 4) await sleep(10)
    for (const bearer of [token, otherToken]) assert.equal((await send(bearer, line())).status, 200)
    assert.equal(refused, 4)
  })
})

describe('running bulk requests', { timeout: 120_000 }, () => {
  it('are limited to two per tenant, until one has ended; other tenants and other requests continue', async () => {
    const lines = Array.from({ length: 20_000 }, line).join('\n')
    const unread: IncomingMessage[] = []
    for (let begun = 0; begun < 2; begun++) {
      const outgoing = bulk(token)
      outgoing.end(lines)
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
      assert.equal(incoming.statusCode, 200)
      unread.push(incoming)
    }
    assertRefused(await send(token, line()))
    // Refused before its body is read.
    const third = bulk(token, { 'content-length': MAX_BULK_BYTES })
    third.flushHeaders()
    assertRefused(await answerTo(third))
    // A client that waits for 100 gets the final status alone, and the connection ends.
    const waiting = bulk(token, { 'content-length': MAX_BULK_BYTES, expect: '100-continue' })
    let continued = false
    waiting.on('continue', () => {
      continued = true
    })
    waiting.flushHeaders()
    const refusal = await answerTo(waiting)
    assertRefused(refusal)
    assert.deepEqual([continued, refusal.headers.connection], [false, 'close'])
    assert.equal((await send(otherToken, line())).status, 200)
    const listed = await fetch(`${server.url}/admin/v1/clients?limit=1`, {
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(listed.status, 200)
    unread[0]?.destroy()
    const until = Date.now() + 30_000
    while ((await send(token, line())).status !== 200) {
      assert.ok(Date.now() < until, 'the running request was never released')
      await sleep(50)
    }
    unread[1]?.destroy()
  })

  it('are released when they are refused, too', async () => {
    for (let times = 0; times < 5; times++) {
      assert.equal((await send(token, Buffer.from([0x22, 0xff, 0x0a]))).status, 400)
      assert.equal((await send(token, '\n'.repeat(20_001))).status, 400)
    }
    assert.equal((await send(token, line())).status, 200)
  })

  it('have 20,000 lines, blank ones included', async () => {
    const { status, body } = await send(token, '\n'.repeat(MAX_BULK_BYTES))
    assert.equal(status, 400)
    assert.equal(JSON.parse(body).detail, 'send at most 20000 lines, including blank ones')
    const answered = await send(token, `${line()}\r\n\n \n${line()}\n`)
    assert.equal(answered.body.trim().split('\n').length, 2)
    assert.equal(
      (await send(token, `${'x\n'.repeat(19_999)}x`)).body.match(/refused/g)?.length,
      20_000,
    )
  })
})
