/** Revocation (RFC 7009), introspection (RFC 7662), and the feed for verifiers. */

import {
  malformedRequest,
  parseTokenManagement,
  type RevocationPage,
} from '@modulariot/oauth/protocol'
import {
  assertAddressAllowed as assertTokenAddressAllowed,
  type Verifier,
} from '@modulariot/oauth/resource-server'
import { clientAddress, logWouldBeRefused } from '@modulariot/platform/http'
import { addressInList } from '@modulariot/platform/net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { FEED_SCOPE } from '../admin/scopes.ts'
import { assertAddressAllowed } from '../clients/allowlist.ts'
import { type IdentificationDeps, identifyClient } from '../clients/identify.ts'
import type { LoginClient } from '../records/client.ts'
import { type IntrospectDeps, introspect } from '../tokens/introspect.ts'
import type { RevocationFollower } from '../tokens/revocation-follower.ts'
import { type RevokeDeps, revokeToken } from '../tokens/revoke.ts'
import { type ClientRequest, readClientCall } from './client-call.ts'

interface IdentifyingDeps extends IdentificationDeps {
  /** Unix milliseconds. */
  readonly now: () => number
}

export type TokenManagementDeps = IdentifyingDeps & IntrospectDeps & RevokeDeps

export function introspectionEndpoint(deps: TokenManagementDeps) {
  return async (request: ClientRequest) => {
    const { caller, token } = await readRequest(request, deps)
    return introspect(token, caller, deps)
  }
}

/** RFC 7009 §2.2: status 200; the body is not defined. */
export function revocationEndpoint(deps: TokenManagementDeps) {
  return async (request: ClientRequest, reply: FastifyReply) => {
    const { caller, token } = await readRequest(request, deps)
    await revokeToken(token, caller, deps)
    return reply.send({})
  }
}

/** Identifies the caller as strictly as a login does, and reads the token in question. */
async function readRequest(
  request: ClientRequest,
  deps: IdentifyingDeps,
): Promise<{ caller: LoginClient; token: string }> {
  const { parameters, authorization, caller, observe } = readClientCall(request)
  const { credentials, token } = parseTokenManagement(parameters, authorization)
  const client = await identifyClient(credentials, caller, deps.now(), deps)
  assertAddressAllowed(client, caller.address, observe)
  return { caller: client, token }
}

export interface FeedDeps {
  /** Of tokens for the feed's audience. */
  readonly feedVerifier: Verifier
  readonly revocations: Pick<RevocationFollower, 'page'>
}

const MAX_WAIT_SECONDS = 60

export function feedEndpoint({ feedVerifier, revocations }: FeedDeps) {
  return async (
    request: FastifyRequest<{ Querystring: Record<string, unknown> }>,
    reply: FastifyReply,
  ): Promise<RevocationPage> => {
    const { authorization } = request.headers
    const claims = await feedVerifier.verify(authorization, { scope: FEED_SCOPE })
    assertTokenAddressAllowed(claims, clientAddress(request), addressInList, (reason) =>
      logWouldBeRefused(request, reason),
    )
    const { since, wait } = request.query
    if (since !== undefined && typeof since !== 'string') throw malformedRequest('Send since once')
    const waitMs = parseWait(wait) * 1000
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const page = await revocations.page(since ?? null, waitMs, gone.signal)
    // Again: what arrived may be the revocation of this very token. Its address was checked before.
    await feedVerifier.verify(authorization, { scope: FEED_SCOPE })
    return page
  }
}

function parseWait(text: unknown): number {
  if (text === undefined) return 0
  const seconds = typeof text === 'string' && /^\d{1,2}$/.test(text) ? Number(text) : 61
  if (seconds > MAX_WAIT_SECONDS) {
    throw malformedRequest(`wait must be a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}`)
  }
  return seconds
}
