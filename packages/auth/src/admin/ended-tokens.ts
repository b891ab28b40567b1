/** Ending the tokens a client has, so that those that follow are taken. */

import { AdminError } from '../admin-error.ts'
import type { Client } from '../clients/client.ts'
import { type Circumstances, takesAway } from '../clients/takes-away.ts'
import { cutOff } from '../tokens/cut-off.ts'

/** Verifiers take an `iat` that is a minute ahead, and not more. */
const MAX_AHEAD_SECONDS = 30

/**
 * The client with every token ended that it has now.
 *
 * @throws AdminError `conflict` when it was done so often in a row that no verifier would take the new ones.
 */
export function endTokens(client: Client, nowMs: number): Client {
  const cut = cutOff(client, nowMs)
  const aheadSeconds = (cut.tokens_revoked_until ?? 0) - nowMs / 1000
  if (aheadSeconds > MAX_AHEAD_SECONDS) throw new AdminError('conflict', tooOften(aheadSeconds))
  return cut
}

/**
 * A change's result, its tokens ended where the change takes from them. A disabled client has none: they ended
 * when it was disabled. Disabling gets no new tokens, so it is never refused.
 *
 * @throws AdminError `conflict`, as `endTokens` does.
 */
export function endWhatIsTakenAway(
  before: Client,
  after: Client,
  circumstances: Circumstances,
): Client {
  if (before.status === 'disabled' || !takesAway(before, after, circumstances)) return after
  const { nowMs } = circumstances
  return after.status === 'disabled' ? cutOff(after, nowMs) : endTokens(after, nowMs)
}

function tooOften(aheadSeconds: number): string {
  const seconds = Math.ceil(aheadSeconds - MAX_AHEAD_SECONDS)
  return `The tokens of this client were ended too often in a row; disable it, or try again in ${seconds} s`
}
