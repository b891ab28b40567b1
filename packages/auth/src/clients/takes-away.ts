/**
 * Decides whether a change takes power away from a client's tokens. They were issued under the
 * record as it was, and live for up to a day or longer: a change that takes power away has to end
 * them, and one that only adds power must not.
 *
 * Each kind of power is a row. Members without a row give a token no power: a name, tags, a quota
 * (it bounds how many tokens are issued), and `resource_server_for` (read at each introspection).
 */

import { isDeepStrictEqual } from 'node:util'
import { rangesCover } from '@modulariot/platform/net'
import { type Audience, TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { Allowlist, Client } from '../records/client.ts'

export interface Circumstances {
  /** All that exist; needed where grants or the lifetime change. */
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

/** Only an enforced list keeps addresses out. */
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
 * Tokens do not record which secret or key they were issued for. If one from before the change
 * stays, the change is the end of an overlap, and the tokens stay valid. If none stays (the only
 * secret is revoked, all are rotated without overlap, every key is replaced), the old credentials
 * are no longer trusted, and neither are the tokens they obtained.
 */
function losesEveryProof(before: Client, after: Client, { nowMs }: Circumstances): boolean {
  const proofs = proofsOf(before, nowMs)
  const left = proofsOf(after, nowMs)
  return (
    proofs.length > 0 && !proofs.some((one) => left.some((other) => isDeepStrictEqual(one, other)))
  )
}

function proofsOf({ secrets, keys, jwks_uri }: Client, nowMs: number): readonly object[] {
  const living = secrets.filter(
    ({ expires_at }) => expires_at === null || Date.parse(expires_at) > nowMs,
  )
  const published = jwks_uri === null ? [] : [{ jwks_uri }]
  return [...living.map(({ secret_id, digest }) => ({ secret_id, digest })), ...keys, ...published]
}
