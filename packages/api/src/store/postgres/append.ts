/** Writes a batch of observations in one transaction: three statements, however many there are. */

import type { Environment } from '@modulariot/oauth/protocol'
import type { RunQuery } from '@modulariot/platform/postgres'
import type { AppendOutcome, Observation } from '../store.ts'

/** What is kept of an asset, while a batch is folded into it. */
interface AssetState {
  readonly org_id: string
  readonly environment: string
  readonly asset_id: Buffer
  readonly type: Buffer | null
  readonly timestamp_ms: number
  readonly first_received_ms: number
  readonly last_received_ms: number
  readonly latest_observation_id: number
}

/** Runs inside a transaction. */
export async function append(
  query: RunQuery,
  batch: readonly Observation[],
): Promise<AppendOutcome[]> {
  const inserted = await insertObservations(query, batch)
  const outcomes = await judge(query, batch, inserted)
  const stored = batch.flatMap((one, index) => {
    const id = inserted.get(requestKey(one))
    return outcomes[index] === 'stored' && id !== undefined ? [{ one, id }] : []
  })
  if (stored.length > 0) await updateAssets(query, stored)
  return outcomes
}

const requestKey = (
  one: Pick<Observation, 'org_id' | 'environment' | 'client_id' | 'request_id'>,
) => JSON.stringify([one.org_id, one.environment, one.client_id, one.request_id])

const assetKey = (org_id: string, environment: string, asset_id: Buffer) =>
  JSON.stringify([org_id, environment, asset_id.toString('hex')])

/** Those that are new, by their request. In one order for all instances, so that they do not deadlock. */
async function insertObservations(
  query: RunQuery,
  batch: readonly Observation[],
): Promise<Map<string, number>> {
  const keys = new Map(batch.map((one) => [one, requestKey(one)]))
  // The sort is stable: of two with one request id the first to come is the one that is kept.
  const ordered = [...batch].sort((a, b) => compare(keys.get(a), keys.get(b)))
  const { rows } = await query<{
    observation_id: number
    org_id: string
    environment: Environment
    client_id: string
    request_id: string
  }>(
    {
      name: 'insert observations',
      text: `INSERT INTO telemetry.observations (org_id, environment, client_id, request_id,
          body_digest, asset_id, timestamp_ms, received_ms, payload)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
          $7::bigint[], $8::bigint[], $9::text[])
        ON CONFLICT (org_id, environment, client_id, request_id) DO NOTHING
        RETURNING observation_id, org_id, environment, client_id, request_id`,
    },
    [
      ordered.map(({ org_id }) => org_id),
      ordered.map(({ environment }) => environment),
      ordered.map(({ client_id }) => client_id),
      ordered.map(({ request_id }) => request_id),
      ordered.map(({ body_digest }) => Buffer.from(body_digest)),
      ordered.map(({ asset_id }) => Buffer.from(asset_id)),
      ordered.map(({ timestamp_ms }) => timestamp_ms),
      ordered.map(({ received_ms }) => received_ms),
      ordered.map(({ payload }) => payload),
    ],
  )
  return new Map(rows.map((row) => [requestKey(row), row.observation_id]))
}

/** The first of a request is the one that was inserted, if any was; the others are compared with what is kept. */
async function judge(
  query: RunQuery,
  batch: readonly Observation[],
  inserted: ReadonlyMap<string, number>,
): Promise<AppendOutcome[]> {
  const seen = new Set<string>()
  const isFirst = batch.map((one) => {
    const key = requestKey(one)
    const first = inserted.has(key) && !seen.has(key)
    seen.add(key)
    return first
  })
  const others = batch.filter((_, index) => !isFirst[index])
  const digests = others.length === 0 ? new Map() : await keptDigests(query, others)
  return batch.map((one, index) => {
    if (isFirst[index]) return 'stored'
    const kept = digests.get(requestKey(one)) as Buffer
    return Buffer.compare(kept, one.body_digest) === 0 ? 'replayed' : 'conflict'
  })
}

async function keptDigests(
  query: RunQuery,
  others: readonly Observation[],
): Promise<Map<string, Buffer>> {
  const { rows } = await query<Observation & { body_digest: Buffer }>(
    `SELECT org_id, environment, client_id, request_id, body_digest FROM telemetry.observations
     JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
       AS r (org_id, environment, client_id, request_id)) r
       USING (org_id, environment, client_id, request_id)`,
    [
      others.map(({ org_id }) => org_id),
      others.map(({ environment }) => environment),
      others.map(({ client_id }) => client_id),
      others.map(({ request_id }) => request_id),
    ],
  )
  return new Map(rows.map((row) => [requestKey(row), row.body_digest]))
}

/** Late data counts as heard of, but does not replace a newer state. */
async function updateAssets(
  query: RunQuery,
  stored: readonly { one: Observation; id: number }[],
): Promise<void> {
  const assets = await lockAssets(
    query,
    stored.map(({ one }) => one),
  )
  for (const { one, id } of stored) {
    const asset_id = Buffer.from(one.asset_id)
    const key = assetKey(one.org_id, one.environment, asset_id)
    assets.set(key, fold(assets.get(key), { ...one, asset_id }, id))
  }
  const states = [...assets.entries()].sort(([a], [b]) => compare(a, b)).map(([, state]) => state)
  await query(
    `INSERT INTO telemetry.assets AS a (org_id, environment, asset_id, type, timestamp_ms,
       first_received_ms, last_received_ms, latest_observation_id)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[],
       $7::bigint[], $8::bigint[])
     ON CONFLICT (org_id, environment, asset_id) DO UPDATE SET
       last_received_ms = greatest(a.last_received_ms, excluded.last_received_ms),
       type = CASE WHEN excluded.timestamp_ms >= a.timestamp_ms
         THEN coalesce(excluded.type, a.type) ELSE coalesce(a.type, excluded.type) END,
       latest_observation_id = CASE WHEN excluded.timestamp_ms >= a.timestamp_ms
         THEN excluded.latest_observation_id ELSE a.latest_observation_id END,
       timestamp_ms = greatest(a.timestamp_ms, excluded.timestamp_ms)`,
    [
      states.map(({ org_id }) => org_id),
      states.map(({ environment }) => environment),
      states.map(({ asset_id }) => asset_id),
      states.map(({ type }) => type),
      states.map(({ timestamp_ms }) => timestamp_ms),
      states.map(({ first_received_ms }) => first_received_ms),
      states.map(({ last_received_ms }) => last_received_ms),
      states.map(({ latest_observation_id }) => latest_observation_id),
    ],
  )
}

/** The assets of these observations that are there already, held until the transaction ends. */
async function lockAssets(
  query: RunQuery,
  observations: readonly Observation[],
): Promise<Map<string, AssetState>> {
  const { rows } = await query<AssetState>(
    `SELECT org_id, environment, asset_id, type, timestamp_ms, first_received_ms, last_received_ms,
       latest_observation_id
     FROM telemetry.assets WHERE (org_id, environment, asset_id) IN
       (SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]))
     ORDER BY org_id, environment, asset_id FOR UPDATE`,
    [
      observations.map(({ org_id }) => org_id),
      observations.map(({ environment }) => environment),
      observations.map(({ asset_id }) => Buffer.from(asset_id)),
    ],
  )
  return new Map(rows.map((row) => [assetKey(row.org_id, row.environment, row.asset_id), row]))
}

function fold(
  known: AssetState | undefined,
  one: Omit<Observation, 'asset_id'> & { readonly asset_id: Buffer },
  id: number,
): AssetState {
  const { org_id, environment, asset_id, timestamp_ms, received_ms } = one
  const type = one.type === null ? null : Buffer.from(one.type)
  const isNewest = known === undefined || timestamp_ms >= known.timestamp_ms
  return {
    ...{ org_id, environment, asset_id },
    type: isNewest ? (type ?? known?.type ?? null) : (known.type ?? type),
    timestamp_ms: Math.max(timestamp_ms, known?.timestamp_ms ?? timestamp_ms),
    first_received_ms: known?.first_received_ms ?? received_ms,
    last_received_ms: Math.max(received_ms, known?.last_received_ms ?? received_ms),
    latest_observation_id: isNewest ? id : known.latest_observation_id,
  }
}

function compare(one: string | undefined, other: string | undefined): number {
  return (one ?? '') < (other ?? '') ? -1 : one === other ? 0 : 1
}
