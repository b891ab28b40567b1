/** Writes a batch of observations in one transaction, with one fsync. Runs on the writer thread. */

import type { DatabaseSync } from 'node:sqlite'
import { atomically } from '@modulariot/platform/storage'
import { measurementRows } from '../measurement.ts'
import type { AppendOutcome, Observation, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { type BatchAssets, createAssetTable } from './asset-table.ts'
import { createTenantTable, type TenantCounter } from './tenant-table.ts'

export type Append = (batch: readonly Observation[]) => AppendOutcome[]

export function createAppend(database: DatabaseSync): Append {
  const tenantTable = createTenantTable(database)
  const openAssets = createAssetTable(database)
  const insert = createInserts(database)

  function appendOne(tenant: TenantCounter, assets: BatchAssets, one: Observation): AppendOutcome {
    // 1. Was this request here before?
    const seq = tenant.last_seq + 1
    const request = [tenant.tenant, one.client_id, one.request_id, one.item] as const
    const first = insert.firstTry.get(...request)
    if (first !== undefined) {
      const same = Buffer.compare(first.body_digest as Uint8Array, one.body_digest) === 0
      return same ? 'replayed' : 'conflict'
    }
    tenant.last_seq = seq
    // 2. Whose is it?
    const asset = assets.update(tenant.tenant, one, seq)
    // 3. Keep it as it was sent, and taken apart.
    insert.observation.run(
      tenant.tenant,
      seq,
      asset,
      one.timestamp_ms,
      one.received_ms,
      ...request.slice(1),
      one.body_digest,
      one.payload,
    )
    insertParts({ tenant: tenant.tenant, asset, seq }, one)
    return 'stored'
  }

  function insertParts({ tenant, asset, seq }: Row, one: Observation): void {
    const { position } = one
    if (position !== null) {
      insert.position.run(
        tenant,
        asset,
        one.timestamp_ms,
        seq,
        position.latitude,
        position.longitude,
        position.altitude,
        position.speed,
        position.heading,
        position.accuracy,
        position.satellites,
      )
    }
    for (const columns of measurementRows(one.metrics, seq)) {
      insert.metric.run(tenant, asset, ...columns)
    }
    for (const [item, { event_type, timestamp_ms, severity, payload }] of one.events.entries()) {
      const columns = [event_type, severity ?? null, payload]
      insert.event.run(tenant, timestamp_ms, seq, item, asset, ...columns)
    }
  }

  return (batch) =>
    atomically(database, () => {
      const tenants = new Map<string, TenantCounter>()
      const assets = openAssets()
      const outcomes = batch.map((one) => appendOne(counterOf(one), assets, one))
      assets.save()
      for (const counter of tenants.values()) tenantTable.save(counter)
      return outcomes

      function counterOf(of: Tenant): TenantCounter {
        const name = tenantName(of)
        const known = tenants.get(name)
        if (known !== undefined) return known
        const counter = tenantTable.load(of)
        tenants.set(name, counter)
        return counter
      }
    })
}

interface Row {
  readonly tenant: number
  readonly asset: number
  readonly seq: number
}

function createInserts(database: DatabaseSync) {
  return {
    firstTry: database.prepare(
      `SELECT body_digest FROM observations
       WHERE tenant = ? AND client_id = ? AND request_id = ? AND item = ?`,
    ),
    observation: database.prepare('INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    position: database.prepare('INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    metric: database.prepare(
      `INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    event: database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
  }
}
