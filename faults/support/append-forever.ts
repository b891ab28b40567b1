/**
 * Stores observations until it is killed, and prints each acknowledged request id.
 * `append-forever.ts DATABASE PREFIX`, where DATABASE is a file or a `postgres:` URL.
 */

import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openSqliteTelemetryStore, type TelemetryStore } from '@modulariot/api'

const [database = '', prefix = ''] = process.argv.slice(2)

async function open(): Promise<TelemetryStore> {
  if (!database.startsWith('postgres:')) return openSqliteTelemetryStore(database)
  const { openPostgresTelemetryStore } = await import('@modulariot/api/postgres')
  return openPostgresTelemetryStore(database)
}

/** Each has one of everything, so that a count of rows reveals an incomplete one. */
function observation(index: number) {
  const request_id = `${prefix}-${index}`
  const payload = JSON.stringify({ request_id, filler: 'x'.repeat(index % 2000) })
  const timestamp_ms = 1_767_323_045_000 + index
  const unknown = { unit: null, source: null, quality: null }
  const unsaid = { altitude: null, speed: null, heading: null, accuracy: null, satellites: null }
  return {
    ...{ org_id: 'org_1', environment: 'production' as const, client_id: 'client_1' },
    ...{ request_id, item: 0, body_digest: createHash('sha256').update(payload).digest() },
    ...{ asset_id: `asset-${index % 50}`, type: null, timestamp_ms, received_ms: timestamp_ms },
    payload,
    position: { latitude: 1, longitude: 2, ...unsaid },
    metrics: [{ key: 'x.index', timestamp_ms, sequence: null, value: request_id, ...unknown }],
    events: [{ event_type: 'written', timestamp_ms, severity: null, payload: '{}' }],
  }
}

const store = await open()
// Several batches at a time, as with several requests.
async function appendForever(from: number, step: number): Promise<never> {
  for (let index = from; ; index += 3 * step) {
    const batch = [0, step, 2 * step].map((offset) => observation(index + offset))
    const outcomes = await store.append(batch)
    const stored = batch.filter((_, at) => outcomes[at] === 'stored')
    writeSync(1, stored.map(({ request_id }) => `${request_id}\n`).join(''))
  }
}
await Promise.all([0, 1, 2].map((from) => appendForever(from, 3)))
