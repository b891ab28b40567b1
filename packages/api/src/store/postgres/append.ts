/**
 * Writes a batch of observations with one call of `telemetry.append`, which is one round trip and
 * one transaction.
 *
 * It locks the rows of its tenants first, so that batches of a tenant run one at a time over all
 * instances: the feed has no gaps that fill later, requests are looked up and recorded without a
 * race, and transactions cannot deadlock.
 */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { AppendOutcome, Observation } from '../store.ts'
import { APPEND, parametersOf, tenantsOf } from './append-call.ts'

const OUTCOMES: Readonly<Record<string, AppendOutcome>> = {
  s: 'stored',
  r: 'replayed',
  c: 'conflict',
}

/** All or none. @returns one outcome per observation, in order. */
export async function appendBatch(
  postgres: Pick<Postgres, 'query' | 'transaction'>,
  batch: readonly Observation[],
  timeoutMs: number,
): Promise<AppendOutcome[]> {
  const tenants = tenantsOf(batch)
  const append = async (query: RunQuery, part: readonly Observation[]) => {
    const { rows } = await query<{ outcomes: string }>(APPEND, parametersOf(part, tenants))
    return [...(rows[0]?.outcomes ?? '')].map((letter) => OUTCOMES[letter] as AppendOutcome)
  }
  const parts = partsOf(batch)
  if (parts.length === 1) {
    return append((statement, values) => postgres.query(statement, values, { timeoutMs }), batch)
  }
  return postgres.transaction(
    async (query) => {
      const outcomes: AppendOutcome[] = []
      for (const part of parts) outcomes.push(...(await append(query, part)))
      return outcomes
    },
    { timeoutMs },
  )
}

/**
 * Maximum weight of a call, in rows. Building its parameters blocks the event loop for
 * milliseconds; shorter calls mean more round trips per batch.
 */
const WEIGHT_A_CALL = 1500
/**
 * Heavier batches use short calls, so that other requests are served in between. There are no turns
 * of tenants between them, since the transaction holds locks and the commit queue waits for it.
 */
const HEAVY_WEIGHT = 10_000
const WEIGHT_OF_SHORT = 300
/** Characters of payload that cost as much as one row. */
const CHARACTERS_A_ROW = 512

function weightOf({ metrics, events, payload }: Observation): number {
  return 2 + metrics.length + events.length + payload.length / CHARACTERS_A_ROW
}

/** The observations in pieces that fit in one call, of at least one each. */
function partsOf(batch: readonly Observation[]): (readonly Observation[])[] {
  const whole = batch.reduce((sum, one) => sum + weightOf(one), 0)
  if (whole <= WEIGHT_A_CALL) return [batch]
  const maxWeight = whole > HEAVY_WEIGHT ? WEIGHT_OF_SHORT : WEIGHT_A_CALL
  const parts: (readonly Observation[])[] = []
  let start = 0
  let weight = 0
  for (const [index, one] of batch.entries()) {
    const more = weightOf(one)
    if (index > start && weight + more > maxWeight) {
      parts.push(batch.slice(start, index))
      start = index
      weight = 0
    }
    weight += more
  }
  return [...parts, batch.slice(start)]
}
