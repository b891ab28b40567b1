/**
 * Does a change take power from tokens that a client has? They were issued under the record as it
 * was, and live for up to a day or longer: what takes away has to end them, and what only adds must
 * not.
 *
 * Each kind of power is a row. What is not in the table takes nothing from a token: a name, tags, a
 * quota (it bounds how many tokens come, not what one may do), and `resource_server_for` (read at
 * each introspection).
 */

import { isDeepStrictEqual } from 'node:util'
import { rangesCover } from '@modulariot/platform/net'
import { type Audience, TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { Allowlist, Client } from '../records/client.ts'

export interface Circumstances {
  /** Those that exist; needed where grants or the lifetime change. */
  readonly audiences: readonly Audience[]
  /** Unix milliseconds. */
  readonly nowMs: number
}

type Loss = (before: Client, after: Client, circumstances: Circumstances) => boolean

const LOSSES: readonly Loss[] = [isDisabled, losesScope, losesAddress, losesTime, losesEveryProof]

export function takesAway(before: Client, after: Client, circumstances: Circumstances): boolean {
  return LOSSES.some((loses) => loses(before, after, circumstances))
}

function isDisabled(before: Client, after: Client): boolean {
  return before.status === 'active' && after.status === 'disabled'
}

function losesScope(before: Client, after: Client): boolean {
  return before.grants.some(({ audience, scopes }) => {
    const left = after.grants.find((grant) => grant.audience === audience)?.scopes ?? []
    return !scopes.every((scope) => left.includes(scope))
  })
}

const EVERYWHERE = ['0.0.0.0/0', '::/0']

/** Only a list that is enforced keeps any address out. */
function losesAddress(before: Client, after: Client): boolean {
  const rangesOf = ({ mode, cidrs }: Allowlist) => (mode === 'enforce' ? cidrs : EVERYWHERE)
  return !rangesCover(rangesOf(after.allowlist), rangesOf(before.allowlist))
}

function losesTime(before: Client, after: Client, { audiences }: Circumstances): boolean {
  if (before.token_lifetime_seconds === after.token_lifetime_seconds) return false
  return before.grants.some((grant) => {
    const audience = audiences.find(({ audience }) => audience === grant.audience)
    const usual = audience?.token_lifetime_seconds ?? TOKEN_LIFETIME_BOUNDS.max
    const lifetimeOf = (client: Client): number => client.token_lifetime_seconds ?? usual
    return lifetimeOf(after) < lifetimeOf(before)
  })
}

/**
 * A secret or a key says who a client is; which of them a token was got with is not recorded. While
 * one that was there stays, the change is the end of an overlap, and the tokens are the client's.
 * When none stays (the only secret is revoked, all are rotated without overlap, every key is
 * replaced), nothing that was handed out is trusted any more, nor is what was got with it.
 */
function losesEveryProof(before: Client, after: Client, { nowMs }: Circumstances): boolean {
  const proofs = proofsOf(before, nowMs)
  const left = proofsOf(after, nowMs)
  return (
    proofs.length > 0 && !proofs.some((one) => left.some((other) => isDeepStrictEqual(one, other)))
  )
}

function proofsOf({ secrets, keys }: Client, nowMs: number): readonly object[] {
  const living = secrets.filter(
    ({ expires_at }) => expires_at === null || Date.parse(expires_at) > nowMs,
  )
  return [...living.map(({ secret_id, digest }) => ({ secret_id, digest })), ...keys]
}
