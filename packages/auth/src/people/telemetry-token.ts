/**
 * The access tokens of minutes with which a person's pages use the API of telemetry: signed as the
 * clients' are, with the person's id as `client_id`. One reads, another only erases assets.
 */

import type {
  AccessTokenClaims,
  AccessTokenType,
  SigningAlgorithm,
} from '@modulariot/oauth/protocol'
import { randomId } from '@modulariot/platform/random-id'
import type { AdminScope } from '../admin/scopes.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { AuthMetrics } from '../metrics/auth-metrics.ts'
import type { Tenant } from '../records/client.ts'
import type { PersonKey } from '../records/member.ts'
import type { AudienceLookup } from '../store/ports/audiences.ts'
import type { MemberLookup } from '../store/ports/members.ts'
import { issueTime } from '../tokens/cut-off.ts'
import { judge } from './authority.ts'
import { TELEMETRY_TOKEN_SECONDS } from './cut-off.ts'

interface Use {
  /** Of the token. */
  readonly scope: string
  /** The admin scope that a role has where the person may do it. */
  readonly needs: AdminScope
}

/** What a token is for. A new use is a new row, and a route. */
export const TELEMETRY_USES = {
  read: { scope: 'asset:track:read', needs: 'clients:read' },
  /** What belongs to the whole organization is for its owners and admins. */
  erase: { scope: 'asset:track:delete', needs: 'organization:write' },
} as const satisfies Record<string, Use>

/** Verifiers accept an `iat` up to a minute ahead. */
const MAX_AHEAD_SECONDS = 30
/** Client ids begin otherwise, so that the two never meet in limits and counts. */
export const PERSON_ID = /^person_[0-9A-Za-z]+$/

export interface TelemetryTokenDeps {
  readonly issuer: string
  /** The audience of ModularIoT API; null: it does not run with this server. */
  readonly apiAudience: string | null
  readonly keys: Pick<KeyRing, 'sign'>
  readonly metrics: Pick<AuthMetrics, 'tokenIssued'>
  readonly store: MemberLookup & AudienceLookup
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface TelemetryToken {
  readonly access_token: string
  readonly expires_in: number
  readonly scope: string
}

/**
 * @throws AdminError as `judge` does; `not_found` where there is no such API; `conflict` when the
 *   person's tokens were ended too often in a row.
 */
export async function issueTelemetryToken(
  key: PersonKey,
  { org_id, environment }: Tenant,
  { scope, needs }: Use,
  deps: TelemetryTokenDeps,
): Promise<TelemetryToken> {
  // Before the person is read: a token that is signed after a cut-off dates from before it.
  const requestedAtMs = deps.now()
  const { alg, typ, audience } = await findApi(deps)
  const state = await deps.store.findPersonState(key)
  judge({ key, environment, scope: needs }, state, requestedAtMs)
  const claims = claimsOf(key.person_id, { org_id, environment }, audience, {
    scope,
    iat: issueTime(state, requestedAtMs),
    requestedAtSeconds: Math.floor(requestedAtMs / 1000),
    issuer: deps.issuer,
  })
  const access_token = await deps.keys.sign(alg, JSON.stringify(claims), typ)
  deps.metrics.tokenIssued(alg)
  return { access_token, expires_in: TELEMETRY_TOKEN_SECONDS, scope }
}

interface Api {
  readonly audience: string
  readonly alg: SigningAlgorithm
  readonly typ: AccessTokenType
}

async function findApi({ apiAudience, store }: TelemetryTokenDeps): Promise<Api> {
  const audiences = apiAudience === null ? [] : await store.listAudiences()
  const api = audiences.find(({ audience }) => audience === apiAudience)
  if (api?.scopes.includes(TELEMETRY_USES.read.scope)) {
    return { audience: api.audience, alg: api.signing_alg, typ: api.token_typ }
  }
  const message = 'This server has no API that serves telemetry'
  throw new AdminError('not_found', message, message)
}

function claimsOf(
  person_id: string,
  tenant: Tenant,
  audience: string,
  what: {
    readonly scope: string
    readonly iat: number
    readonly requestedAtSeconds: number
    readonly issuer: string
  },
): AccessTokenClaims {
  if (!PERSON_ID.test(person_id)) throw new Error('a person has an id of another form')
  const { scope, iat, requestedAtSeconds, issuer } = what
  if (iat > requestedAtSeconds + MAX_AHEAD_SECONDS) {
    throw new AdminError('conflict', 'Your role was changed many times; retry in a minute')
  }
  return {
    iss: issuer,
    sub: person_id,
    aud: audience,
    exp: requestedAtSeconds + TELEMETRY_TOKEN_SECONDS,
    iat,
    jti: randomId(),
    client_id: person_id,
    azp: person_id,
    scope,
    ...tenant,
  }
}
