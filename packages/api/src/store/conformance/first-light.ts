/** Data of older schemas, and what the migrations must make of it. */

import assert from 'node:assert/strict'
import type { Environment } from '@modulariot/oauth/protocol'
import type { Observation, TelemetryStore } from '../store.ts'
import { NOW_MS, observationOf, TENANT } from './samples.ts'

const TIMESTAMP = '2026-01-02T03:04:05Z'

/** Rows of the old table, in order of arrival. */
export const OLD_OBSERVATIONS = [
  old('own-1', TENANT, NOW_MS, {
    gps: { latitude: -33.45, longitude: -70.66, speed: 42.5, accuracy: { horizontal: 3 } },
    metrics: {
      schema: 'miot.metrics@1.0',
      seq: 7,
      items: [
        { k: 'engine.rpm', v: 850.5, u: 'rpm', src: 'obd2', q: 'ok' },
        { k: 'lambda', v: 1, ts: '2026-01-02T05:04:04.250+02:00' },
        { k: 'dtc.mil_on', v: true },
        { k: 'dtc.codes', v: ['P0420'] },
        { k: 'engine.rpm', v: 850.5, u: 'rpm', src: 'obd2', q: 'ok' },
      ],
    },
    events: [{ event_type: 'braking', timestamp: '2026-01-02T03:04:00.5Z', severity: 'high' }],
  }),
  old('other-1', { ...TENANT, org_id: 'org_2' }, NOW_MS, { gps: { latitude: 1, longitude: 2 } }),
  old('own-2', TENANT, NOW_MS - 1000, {
    gps: { latitude: 5, longitude: 6, accuracy: 4 },
    metrics: { schema: 'miot.metrics@1.0', items: [{ k: 'x.own', v: null, q: 'missing' }] },
  }),
  old('own-3', TENANT, NOW_MS - 2000, {}),
]

function old(
  request_id: string,
  tenant: { org_id: string; environment: Environment },
  timestamp_ms: number,
  body: object,
) {
  const payload = JSON.stringify({ asset_id: 'truck', timestamp: TIMESTAMP, ...body })
  return observationOf({ ...tenant, request_id, timestamp_ms, payload })
}

/** All data was migrated, each part to its table. */
export async function assertMigrated(store: TelemetryStore): Promise<void> {
  const page = { after: null, limit: 10 }
  const asset = await store.findAsset(TENANT, 'truck')
  assert.equal(asset?.payload, OLD_OBSERVATIONS[0]?.payload)
  assert.equal(asset?.timestamp_ms, NOW_MS)
  const positions = (await store.positions(TENANT, 'truck', page)).rows
  assert.deepEqual(
    positions.map(({ timestamp_ms, latitude, speed, accuracy }) => [
      ...[timestamp_ms - NOW_MS, latitude, speed, accuracy],
    ]),
    [
      [-1000, 5, null, 4],
      [0, -33.45, 42.5, 3],
    ],
  )
  const { rows: latest } = await store.latestMetrics(TENANT, 'truck', null)
  assert.deepEqual(
    latest.map(({ key, timestamp_ms, sequence, value, unit, source, quality }) => [
      ...[key, timestamp_ms - NOW_MS, sequence, value, unit, source, quality],
    ]),
    [
      ['dtc.codes', 0, 7, ['P0420'], null, null, null],
      ['dtc.mil_on', 0, 7, true, null, null, null],
      ['emissions.lambda', -750, 7, 1, null, null, null],
      ['engine.rpm', 0, 7, 850.5, 'rpm', 'obd2', 'ok'],
      ['x.own', -1000, null, null, null, null, 'missing'],
    ],
  )
  const rpm = await store.metrics(TENANT, 'truck', { ...page, key: 'engine.rpm' })
  assert.equal(rpm.rows.length, 1)
  const [event] = (await store.events(TENANT, page)).rows
  assert.deepEqual(
    [event?.asset_id, event?.event_type, event?.severity, (event?.timestamp_ms ?? 0) - NOW_MS],
    ['truck', 'braking', 'high', -4500],
  )
  const feed = await store.readSince(TENANT, 0, 10)
  assert.deepEqual(
    feed.entries.map(({ payload }) => payload),
    OLD_OBSERVATIONS.filter(({ org_id }) => org_id === TENANT.org_id).map(({ payload }) => payload),
  )
  assert.deepEqual(
    await store.append(OLD_OBSERVATIONS),
    OLD_OBSERVATIONS.map(() => 'replayed'),
  )
  assert.deepEqual(await store.append([observationOf()]), ['stored'])
}

/** Rows of the schema that had the texts of requests. Their assets are `truck` and `van`. */
export const REQUESTS_AS_TEXTS = [
  observationOf({ request_id: 'one', payload: '{"v":1}' }),
  observationOf({ request_id: 'one', payload: '{"v":2}', item: 1 }),
  observationOf({ request_id: 'one', payload: '{"v":3}', asset_id: 'van' }),
  observationOf({ request_id: 'e one', payload: '{"v":4}', client_id: 'client_1' }),
  observationOf({ request_id: '1 "\u00fcn\u00ef" \u6f22', client_id: 'cli\u00e9nt \u{1f600}' }),
]

/** The columns of their table, in order. */
export function columnsAsTexts(
  { client_id, request_id, item, body_digest, payload, ...one }: Observation,
  { asset, seq }: { readonly asset: number; readonly seq: number },
) {
  const { timestamp_ms, received_ms } = one
  const row = [1, seq, asset, timestamp_ms, received_ms] as const
  return [...row, client_id, request_id, item, body_digest, payload] as const
}

/** Every request is still known, with its body, and no other is. */
export async function assertRequestsKnown(store: TelemetryStore): Promise<void> {
  assert.deepEqual(
    (await store.readSince(TENANT, 0, 10)).entries.map(({ payload }) => payload),
    REQUESTS_AS_TEXTS.map(({ payload }) => payload),
  )
  const changed = REQUESTS_AS_TEXTS.map((one) => ({ ...one, body_digest: Buffer.alloc(32) }))
  assert.deepEqual(await store.append(changed), Array(5).fill('conflict'))
  assert.deepEqual(await store.append(REQUESTS_AS_TEXTS), Array(5).fill('replayed'))
  const others = [
    observationOf({ request_id: 'one', item: 1, asset_id: 'van' }),
    observationOf({ request_id: 'one', item: 2 }),
    observationOf({ request_id: ' one', client_id: 'client_1e' }),
    observationOf({ request_id: '1e one', client_id: 'client_' }),
  ]
  assert.deepEqual(await store.append(others), Array(4).fill('stored'))
}
