import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { MAX_BATCH_BYTES } from '@modulariot/telemetry'
import Fastify from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { createErrorHandler } from './error-handler.ts'
import { addBodyParsers, refuseWhenFull } from './request-body.ts'

it('the sender of a large body that is refused unread gets the response and keeps its connection', async () => {
  let full = true
  const outcomes: string[] = []
  const queue = {
    commit: () => assert.fail(),
    hold: () => assert.fail(),
    assertRoom: () => {
      if (full) throw new ApiError(429, 'Too many requests', 'Later')
    },
  }
  const metrics = { tracked: (outcome: string) => outcomes.push(outcome) }
  const heavy = { read: () => assert.fail(), readBatch: () => assert.fail() }
  const budget = { assertWithin: () => assert.fail(), charge: () => assert.fail() }
  const deps = { queue, heavy, budget, metrics, now: () => 0, validation: 'strict' } as const
  const app = Fastify()
  app.setErrorHandler(createErrorHandler('https://api.example'))
  addBodyParsers(app, ['text/plain'])
  const largest = { maxItems: 1000, maxBytes: MAX_BATCH_BYTES }
  const onRequest = refuseWhenFull(largest, deps)
  app.post('/', { onRequest, bodyLimit: MAX_BATCH_BYTES }, async () => 'accepted')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  async function send(bytes: number) {
    const headers = { 'content-type': 'text/plain' }
    const outgoing = request({ agent, port, method: 'POST', headers })
    outgoing.end(Buffer.alloc(bytes, 'x'))
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const { statusCode, headers: answered, socket } = incoming
    return {
      statusCode,
      retry: answered['retry-after'],
      port: socket.localPort,
      text: await text(incoming),
    }
  }
  const refused = await send(MAX_BATCH_BYTES)
  assert.deepEqual([refused.statusCode, refused.retry], [429, '1'], refused.text)
  full = false
  const accepted = await send(MAX_BATCH_BYTES)
  const { statusCode, port: reused } = accepted
  assert.deepEqual([statusCode, accepted.text, reused], [200, 'accepted', refused.port])
  assert.deepEqual(outcomes, ['refused'])
  agent.destroy()
  await app.close()
})
