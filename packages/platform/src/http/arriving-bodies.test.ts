import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { FastifyError, FastifyInstance } from 'fastify'
import { createLogger } from '../logging/index.ts'
import { ArrivingBodies, followLarge, SMALL_BODY_BYTES } from './arriving-bodies.ts'
import { createHttpServer } from './server.ts'

const PART = 256 * 1024
const BODY = 2 * PART

async function start(maxBytes: number) {
  const refused: Error[] = []
  const refusal = (): Error => {
    const error = Object.assign(new Error('no room'), { statusCode: 429 })
    refused.push(error)
    return error
  }
  const bodies = new ArrivingBodies({ refusal, maxBytes })
  const app = await createHttpServer({
    applications: [{ name: 'api', ready: async () => undefined, mount }],
    logger: createLogger('silent', { write: () => {} }),
    tls: null,
    trustedProxies: [],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })

  async function mount(scope: FastifyInstance): Promise<void> {
    scope.setErrorHandler((error: FastifyError, _request, reply) =>
      reply.code(error.statusCode ?? 500).send(error.message),
    )
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('text/plain', { parseAs: 'buffer' }, (_request, bytes, done) =>
      done(null, bytes),
    )
    scope.post('/', { preParsing: followLarge(bodies), bodyLimit: BODY }, async ({ body }) =>
      String((body as Buffer).length),
    )
  }

  /** Starts a request, and resolves once the server has received its headers. */
  async function begin(length: number | 'chunked'): Promise<ClientRequest> {
    const received = once(app.server, 'request')
    const more =
      length === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }
    const headers = { 'content-type': 'text/plain', ...more }
    const outgoing = request({ agent, port, method: 'POST', headers })
    outgoing.flushHeaders()
    await received
    return outgoing
  }
  const stop = async () => {
    agent.destroy()
    app.server.closeAllConnections()
    await app.close()
  }
  return { bodies, refused, begin, stop }
}

const part = (bytes: number): Buffer => Buffer.alloc(bytes, 'x')

async function answerTo(outgoing: ClientRequest) {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { statusCode: incoming.statusCode, text: await text(incoming) }
}

describe('large bodies that stall', { timeout: 20_000 }, () => {
  it('leave room for one sent at full speed, though each stalls at the size of a small one', async () => {
    const { bodies, begin, stop } = await start(4 * SMALL_BODY_BYTES)
    const stalled: PassThrough[] = []
    for (let index = 0; index < 5; index++) {
      const payload = new PassThrough()
      stalled.push(payload)
      bodies.follow(payload).resume()
      payload.write(part(SMALL_BODY_BYTES))
    }
    const fast = await begin('chunked')
    const taken = answerTo(fast)
    fast.end(part(SMALL_BODY_BYTES + 1))
    assert.equal((await taken).statusCode, 200)
    for (const payload of stalled) payload.destroy()
    await stop()
  })

  it('use no more than the budget: the oldest is refused, and told why', async () => {
    const budget = 4 * (PART - SMALL_BODY_BYTES)
    const { bodies, refused: refusals, begin, stop } = await start(budget)
    const stalled: ClientRequest[] = []
    const answered: number[] = []
    for (let index = 0; index < 12; index++) {
      const outgoing = await begin(index % 2 === 0 ? BODY : 'chunked')
      outgoing.on('error', () => {})
      outgoing.once('response', () => answered.push(index))
      stalled.push(outgoing)
      outgoing.write(part(PART))
      if (index < 4) continue
      const refused = stalled[index - 4] as ClientRequest
      const answer = await answerTo(refused)
      assert.deepEqual([answer.statusCode, answer.text], [429, 'no room'])
      assert.ok(bodies.bytes <= budget, `${bodies.bytes} bytes are held`)
    }
    assert.deepEqual(answered, [0, 1, 2, 3, 4, 5, 6, 7])
    await stop()
    assert.equal(refusals.length, 8)
  })

  it('block neither small ones nor one sent at full speed', async () => {
    const { begin, stop } = await start(3 * (PART - SMALL_BODY_BYTES))
    const oldest = await begin('chunked')
    oldest.write(part(SMALL_BODY_BYTES - 1))
    const slow = [await begin(BODY), await begin(BODY)]
    for (const outgoing of slow) outgoing.write(part(PART))
    const fast = await begin(BODY)
    const taken = answerTo(fast)
    fast.end(part(BODY))
    assert.deepEqual(await taken, { statusCode: 200, text: String(BODY) })
    const small = answerTo(oldest)
    oldest.end(part(1))
    assert.equal((await small).statusCode, 200)
    await stop()
  })

  it('are no longer counted once complete, or once their sender has disconnected', async () => {
    const { bodies, begin, stop } = await start(4 * PART)
    const whole = await begin(BODY)
    const taken = answerTo(whole)
    whole.end(part(BODY))
    await taken
    assert.equal(bodies.bytes, 0)
    const leaving = await begin(BODY)
    leaving.on('error', () => {})
    leaving.write(part(PART))
    leaving.destroy()
    const others = await begin(BODY)
    const after = answerTo(others)
    others.end(part(BODY))
    await after
    while (bodies.bytes > 0) await new Promise((resolve) => setImmediate(resolve))
    await stop()
  })

  it('are read to their end and discarded when they are too long', async () => {
    const { bodies, begin, stop } = await start(4 * BODY)
    for (const length of [3 * BODY, 'chunked'] as const) {
      const outgoing = await begin(length)
      const refused = answerTo(outgoing)
      const finished = once(outgoing, 'finish')
      outgoing.end(part(3 * BODY))
      assert.equal((await refused).statusCode, 413)
      await finished
      assert.equal(bodies.bytes, 0)
    }
    await stop()
  })

  it('may be finished after the refusal, and the connection stays usable', async () => {
    const { begin, stop } = await start(PART - SMALL_BODY_BYTES)
    const outgoing = await begin(BODY)
    const refused = answerTo(outgoing)
    const finished = once(outgoing, 'finish')
    outgoing.write(part(PART))
    outgoing.write(part(1))
    assert.equal((await refused).statusCode, 429)
    outgoing.end(part(PART - 1))
    await finished
    const { localPort } = outgoing.socket as { localPort?: number }
    const next = await begin(1)
    const taken = answerTo(next)
    next.end(part(1))
    assert.equal((await taken).statusCode, 200)
    assert.equal(next.socket?.localPort, localPort)
    await stop()
  })
})
