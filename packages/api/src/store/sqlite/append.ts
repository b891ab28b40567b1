/** Writes a batch of observations in one transaction, with one fsync. Runs on the writer thread. */

import type { DatabaseSync } from 'node:sqlite'
import { atomically } from '@modulariot/platform/storage'
import { measurementRows } from '../measurement.ts'
import { dayOf } from '../request-day.ts'
import { digestOf, requestHash } from '../request-hash.ts'
import type { AppendOutcome, Observation, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { type BatchAssets, createAssetTable } from './asset-table.ts'
import { createTenantTable, type TenantCounter, type TenantTable } from './tenant-table.ts'

export class SqliteAppend {
  readonly #database: DatabaseSync
  readonly #tenants: TenantTable
  readonly #openAssets: () => BatchAssets
  readonly #insert: Inserts

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#tenants = createTenantTable(database)
    this.#openAssets = createAssetTable(database)
    this.#insert = createInserts(database)
  }

  /** All or none of the batch. @returns one outcome per observation, in order. */
  append(batch: readonly Observation[]): AppendOutcome[] {
    return atomically(this.#database, () => {
      const counters = new Map<string, TenantCounter>()
      const assets = this.#openAssets()
      const outcomes = batch.map((one) =>
        this.#appendOne(this.#counterOf(one, counters), assets, one),
      )
      assets.save()
      for (const counter of counters.values()) this.#tenants.save(counter)
      return outcomes
    })
  }

  #counterOf(tenant: Tenant, counters: Map<string, TenantCounter>): TenantCounter {
    const name = tenantName(tenant)
    const known = counters.get(name)
    if (known !== undefined) return known
    const counter = this.#tenants.load(tenant)
    counters.set(name, counter)
    return counter
  }

  #appendOne(tenant: TenantCounter, assets: BatchAssets, one: Observation): AppendOutcome {
    // 1. Is it a retry, or a reused id?
    const seq = tenant.last_seq + 1
    const hash = requestHash(one)
    const digest = digestOf(one)
    const first = this.#insert.firstTry.get(tenant.tenant, hash, one.asset_id)
    if (first !== undefined) {
      return Buffer.compare(first.digest as Uint8Array, digest) === 0 ? 'replayed' : 'conflict'
    }
    tenant.last_seq = seq
    // 2. Update the state of its asset.
    const asset = assets.update(tenant.tenant, one, seq)
    // 3. Store the report as sent, its request and its parts.
    const { timestamp_ms, received_ms, payload } = one
    this.#insert.observation.run(tenant.tenant, seq, asset, timestamp_ms, received_ms, payload)
    this.#insert.request.run(tenant.tenant, hash, asset, digest, dayOf(received_ms))
    this.#insertParts({ tenant: tenant.tenant, asset, seq }, one)
    return 'stored'
  }

  #insertParts({ tenant, asset, seq }: Row, one: Observation): void {
    const { position } = one
    if (position !== null) {
      this.#insert.position.run(
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
      this.#insert.metric.run(tenant, asset, ...columns)
    }
    for (const [item, { event_type, timestamp_ms, severity, payload }] of one.events.entries()) {
      const columns = [event_type, severity ?? null, payload]
      this.#insert.event.run(tenant, timestamp_ms, seq, item, asset, ...columns)
    }
  }
}

type Inserts = ReturnType<typeof createInserts>

interface Row {
  readonly tenant: number
  readonly asset: number
  readonly seq: number
}

function createInserts(database: DatabaseSync) {
  return {
    // A new request looks for no asset.
    firstTry: database.prepare(
      `SELECT digest FROM requests r CROSS JOIN assets a ON a.asset = r.asset
       WHERE r.tenant = ?1 AND r.hash = ?2 AND a.tenant = ?1 AND a.asset_id = ?3`,
    ),
    observation: database.prepare('INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?)'),
    request: database.prepare('INSERT INTO requests VALUES (?, ?, ?, ?, ?)'),
    position: database.prepare('INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    metric: database.prepare(
      `INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    event: database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
  }
}
