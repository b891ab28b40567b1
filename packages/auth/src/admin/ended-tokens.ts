/** Ending the tokens a client has, so that those that follow are taken. */

import { type Circumstances, takesAway } from '../clients/takes-away.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Client } from '../records/client.ts'
import { cutOff } from '../tokens/cut-off.ts'

/** Verifiers take an `iat` that is a minute ahead, and not more. */
const MAX_AHEAD_SECONDS = 30

/**
 * The client with every token ended that it has now.
 *
 * @throws AdminError `conflict` when it was done so often in a row that no verifier would take the
 *   new ones.
 */
export function endTokens(client: Client, nowMs: number): Client {
  const cut = cutOff(client, nowMs)
  assertNewTokensCount(cut, nowMs, 'disable it, or ')
  return cut
}

/**
 * A change's result, its tokens ended where the change takes from them. A disabled client has none:
 * they ended when it was disabled. Disabling gets no new tokens, so it is never refused. Enabling
 * does, so it is refused until verifiers take them: otherwise disabling and enabling in turn would
 * move the cut ahead without a bound.
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

/** @param instead what to do other than wait, with a comma after it. */
function assertNewTokensCount(client: Client, nowMs: number, instead = ''): void {
  const aheadSeconds = (client.tokens_revoked_until ?? 0) - nowMs / 1000
  if (aheadSeconds <= MAX_AHEAD_SECONDS) return
  const seconds = Math.ceil(aheadSeconds - MAX_AHEAD_SECONDS)
  throw new AdminError(
    'conflict',
    `The tokens of this client were revoked too often in a row; ${instead}try again in ${seconds} s`,
  )
}
