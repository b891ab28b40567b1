/**
 * A trail from before entries held only what changed: rows for the databases of older versions.
 */

import { nextRow } from '../../records/audit-entry.ts'
import { clientViewOf } from '../../records/client.ts'
import { clientOf, draftOf } from './samples.ts'

export const OLD_KEY = 'key-of-today'

/**
 * Two entries of whole clients, each under an `Idempotency-Key`.
 *
 * @param now Unix milliseconds; the first entry is two days old, the second a minute.
 */
export function oldTrail(now: number) {
  const whole = { before: clientViewOf(clientOf('first')), after: clientViewOf(clientOf('first')) }
  const draft = (ageMs: number, key: string) =>
    draftOf({
      ...whole,
      at: new Date(now - ageMs).toISOString(),
      idempotency: { key, digest: 'digest' },
    })
  const first = nextRow(null, draft(2 * 86_400_000, 'key-of-long-ago'))
  return [first, nextRow(first, draft(60_000, OLD_KEY))]
}
