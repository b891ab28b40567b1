/**
 * The response to a retry under the same `Idempotency-Key`: the client as it was right after the
 * change. It is written in the unit of the change, so one never exists without the other. The trail
 * holds only what changed and may be cut, so the response cannot come from there.
 */

import { type Client, type ClientView, clientViewOf } from '../records/client.ts'
import type { Audited } from './ports/audited-change.ts'
import type { IdempotentAnswer } from './ports/idempotency.ts'
import type { Row } from './rows.ts'

/**
 * How long a retry gets the first response. After that the key may be used for another request.
 */
export const IDEMPOTENCY_SECONDS = 86_400

export interface IdempotencyRow {
  readonly org_id: string
  readonly environment: string
  readonly key: string
  readonly digest: string
  /** A `ClientView` as JSON. */
  readonly answer: string
  /** Unix seconds. */
  readonly until: number
  /** Unix seconds of the change. */
  readonly at: number
}

/** Null for a change without a key. */
export function idempotencyRowOf({ value, audit }: Audited<Client>): IdempotencyRow | null {
  if (audit.idempotency === null) return null
  const { org_id, environment } = value
  const at = Math.floor(Date.parse(audit.at) / 1000)
  const answer = JSON.stringify(clientViewOf(value))
  return { org_id, environment, ...audit.idempotency, answer, until: at + IDEMPOTENCY_SECONDS, at }
}

export function idempotentAnswerOf(row: Row): IdempotentAnswer {
  return {
    digest: row.digest as string,
    client: JSON.parse(row.answer as string) as ClientView,
    until: row.until as number,
  }
}
