/**
 * What answers a request that is sent again under its `Idempotency-Key`: the client as it was right
 * after the change. It is written in the unit of the change, so there is no moment in which one is
 * kept without the other. The trail holds only what changed and may be cut, so it is no source for
 * the answer.
 */

import { type Client, type ClientView, viewOf } from '../records/client.ts'
import type { Audited } from './ports/audited-change.ts'
import type { IdempotentAnswer } from './ports/idempotency.ts'
import type { Row } from './rows.ts'

/** How long a retry is answered. After that the key may stand for another request. */
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
  const answer = JSON.stringify(viewOf(value))
  return { org_id, environment, ...audit.idempotency, answer, until: at + IDEMPOTENCY_SECONDS, at }
}

export function idempotentAnswerOf(row: Row): IdempotentAnswer {
  return {
    digest: row.digest as string,
    client: JSON.parse(row.answer as string) as ClientView,
    until: row.until as number,
  }
}
