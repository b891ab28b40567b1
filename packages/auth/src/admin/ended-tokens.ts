/** Ends the tokens a client has, and keeps the ones issued next acceptable to verifiers. */

import { type Circumstances, takesAway } from '../clients/takes-away.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Client } from '../records/client.ts'
import { cutOff } from '../tokens/cut-off.ts'

/** Verifiers accept an `iat` up to a minute ahead. */
const MAX_AHEAD_SECONDS = 30

/**
 * The client with all its current tokens ended.
 *
 * @throws AdminError `conflict` after so many cut-offs in a row that verifiers would not accept new
 *   tokens.
 */
export function endTokens(client: Client, nowMs: number): Client {
  const cut = cutOff(client, nowMs)
  assertNewTokensCount(cut, nowMs, 'disable it, or ')
  return cut
}

/**
 * The result of a change, with the client's tokens ended if the change takes power away.
 *
 * A disabled client has no tokens left: disabling ended them. Disabling leads to no new tokens, so
 * it is never refused. Enabling does, so it is refused until verifiers accept them; otherwise
 * alternating the two would move the cut-off ahead without bound.
 *
 * @throws AdminError `conflict`, as `endTokens` does.
 */
export function endWhatIsTakenAway(
  before: Client,
  after: Client,
  circumstances: Circumstances,
): Client {
  const { nowMs } = circumstances
  if (before.status === 'disabled') {
    if (after.status === 'active') assertNewTokensCount(after, nowMs)
    return after
  }
  if (!takesAway(before, after, circumstances)) return after
  return after.status === 'disabled' ? cutOff(after, nowMs) : endTokens(after, nowMs)
}

/** @param instead the alternative to waiting, followed by a comma. */
function assertNewTokensCount(client: Client, nowMs: number, instead = ''): void {
  const aheadSeconds = (client.tokens_revoked_until ?? 0) - nowMs / 1000
  if (aheadSeconds <= MAX_AHEAD_SECONDS) return
  const seconds = Math.ceil(aheadSeconds - MAX_AHEAD_SECONDS)
  throw new AdminError(
    'conflict',
    `The tokens of this client were revoked too often in a row; ${instead}try again in ${seconds} s`,
  )
}
