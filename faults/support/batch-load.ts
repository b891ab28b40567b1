/** Sends batches over many connections: as fast as they are answered, or at a fixed rate. */

import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, openConnection } from '../../conformance/support/connection.ts'
import { trackBatch } from '../../conformance/support/track-requests.ts'
import { faultReport } from './stored-requests.ts'

/** The content of a batch. */
export interface Shape {
  readonly items: number
  /** Unused characters in each item. */
  readonly filler: number
}

export interface BatchLoad {
  readonly shape: Shape
  readonly connections: number
  /** Batches per second; without it, each connection sends as soon as it has a response. */
  readonly pace?: number
  readonly seconds: number
}

/** The result. Batches are named by their request ids. */
export interface Sent {
  readonly acknowledged: string[]
  readonly refused: string[]
  /** How long each acknowledged batch took, milliseconds. */
  readonly latencies: number[]
  /** From the first batch to the last response. */
  readonly seconds: number
}

const ASSETS = 50
let batches = 0

/**
 * The bodies are built in advance: building them during the run would take time from the
 * measurement.
 */
function bodiesOf({ items, filler }: Shape): Buffer[] {
  const text = 'x'.repeat(filler)
  return Array.from({ length: ASSETS }, (_, asset) => {
    const reports = Array.from({ length: items }, () => faultReport(`asset-${asset}`, text))
    return Buffer.from(JSON.stringify(reports))
  })
}

export async function sendBatches(url: string, token: string, load: BatchLoad): Promise<Sent> {
  const { shape, connections, pace, seconds } = load
  const bodies = bodiesOf(shape)
  const connection = openConnection(url, connections)
  const acknowledged: string[] = []
  const refused: string[] = []
  const latencies: number[] = []
  const began = performance.now()
  const ends = began + seconds * 1000
  let started = 0

  async function sendOne(): Promise<void> {
    const request_id = `batch-${batches++}`
    const at = performance.now()
    if (await isKept(connection, token, request_id, bodies[started++ % ASSETS] as Buffer)) {
      acknowledged.push(request_id)
      latencies.push(performance.now() - at)
    } else refused.push(request_id)
  }
  async function keepSending(): Promise<void> {
    while (performance.now() < ends) {
      if (pace !== undefined) {
        const inMs = began + (started * 1000) / pace - performance.now()
        if (inMs > 0) await wait(inMs)
      }
      await sendOne()
    }
  }
  await Promise.all(Array.from({ length: connections }, keepSending))
  connection.close()
  return { acknowledged, refused, latencies, seconds: (performance.now() - began) / 1000 }
}

/** @throws AssertionError for anything but a success of all items, or a 429 with `Retry-After`. */
export async function isKept(
  connection: Connection,
  token: string,
  request_id: string,
  body: Buffer,
): Promise<boolean> {
  const answer = await trackBatch(connection, token, body, { 'x-request-id': request_id })
  if (answer.status === 429) {
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d?$/)
    return false
  }
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.text, /^\{"status":"success"/)
  return true
}
