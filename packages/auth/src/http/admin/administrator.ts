/**
 * Who calls the admin API, and what it may do: a client with an access token, or a person with a
 * session. A request with `Authorization` is a client's, whatever cookies it has.
 *
 * The check runs when the head has arrived, so that strangers cannot make us parse a body, and
 * again when the body is complete, so that an administrator who delays the body acts with the
 * rights it has at its end. The store checks once more, in the unit of each change.
 */

import { hash } from 'node:crypto'
import {
  type AccessTokenClaims,
  parseBearerToken,
  parseJsonSegment,
  type Refusal,
} from '@modulariot/oauth/protocol'
import { clientAddress, logWouldBeRefused } from '@modulariot/platform/http'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import {
  type AdminAuthority,
  type AdminRequest,
  authorityOf,
  authorizedScopes,
} from '../../admin/authority.ts'
import type { AdminContext } from '../../admin/context.ts'
import type { AdminScope } from '../../admin/scopes.ts'
import { invalidInput } from '../../errors/admin-error.ts'
import {
  judge,
  notSignedIn,
  type PersonRequest,
  personAuthorityOf,
} from '../../people/authority.ts'
import type { Sessions } from '../../people/session-port.ts'
import type { Actor } from '../../records/audit-entry.ts'
import type { Tenant } from '../../records/client.ts'
import type { Role } from '../../records/member.ts'
import { type AnyRequest, bodyText } from './call.ts'
import { assertSameOrigin } from './cross-site.ts'
import type { AdminDeps } from './deps.ts'
import { assertTenantOfToken, chosenTenant } from './tenant-headers.ts'

interface Administrator {
  readonly actor: Actor
  readonly tenant: Tenant
  readonly scopes: readonly string[]
  readonly role: Role | null
  readonly authority: AdminAuthority
  /** The same administrator as it is now. @throws OAuthError, AdminError */
  again(): Promise<Administrator>
}

const administratorOf = new WeakMap<object, Administrator>()

/**
 * A token or a session holds the rights of its beginning. The client or the person is looked up
 * too, so that one that was disabled, or lost a scope or a role, cannot restore itself.
 */
export function requireAdministrator(
  deps: AdminDeps,
  scope: AdminScope,
): onRequestAsyncHookHandler {
  return async (request) => {
    const known = administratorOf.get(request)
    const administrator = known ? await known.again() : await arrived(request, deps, scope)
    administratorOf.set(request, administrator)
  }
}

async function arrived(
  request: FastifyRequest,
  deps: AdminDeps,
  scope: AdminScope,
): Promise<Administrator> {
  const { authorization, cookie } = request.headers
  const { sessions } = deps
  if (authorization === undefined && cookie !== undefined && sessions !== null) {
    return arrivedPerson(request, { ...deps, sessions }, scope)
  }
  const presented = { authorization, address: clientAddress(request), scope }
  // Reported once for each request, though the check runs several times.
  const observe = (reason: Refusal): void => logWouldBeRefused(request, reason)
  const administrator = await findClient(presented, deps, observe)
  assertTenantOfToken(request.headers, administrator.tenant)
  return administrator
}

type Presented = Pick<AdminRequest, 'address' | 'scope'> & {
  readonly authorization: string | undefined
}

async function findClient(
  presented: Presented,
  deps: AdminDeps,
  observe?: (refusal: Refusal) => void,
): Promise<Administrator> {
  const { authorization, address, scope } = presented
  const claims = await deps.verifier.verify(authorization)
  const { client_id } = claims
  const client = deps.directory.peek(client_id) ?? (await deps.directory.read(client_id))
  const request = { claims, kid: tokenKid(authorization), address, scope }
  const actor = { client, tokenRevoked: false }
  const scopes = authorizedScopes(request, actor, deps.now(), observe)
  const again = (): Promise<Administrator> => findClient(presented, deps)
  const confirm = async (): Promise<void> => void (await again())
  return {
    actor: { kind: 'client', client_id },
    tenant: tenantOf(claims),
    scopes,
    role: null,
    authority: { ...authorityOf(request, scopes, deps.now), confirm },
    again,
  }
}

function tenantOf({ org_id, environment }: AccessTokenClaims): Tenant {
  return { org_id, environment }
}

/** Of a verified token, so the header has our own form. */
function tokenKid(authorization: string | undefined): string {
  const header = parseBearerToken(authorization).split('.')[0] as string
  return String(parseJsonSegment(header)?.kid)
}

async function arrivedPerson(
  request: FastifyRequest,
  deps: AdminDeps & { readonly sessions: Sessions },
  scope: AdminScope,
): Promise<Administrator> {
  assertSameOrigin(request, deps.issuer)
  const session = await deps.sessions.find(request.headers.cookie)
  if (session === null) throw notSignedIn()
  const { person_id, session_id, email } = session
  const { org_id, environment } = await chosenTenant(request.headers, person_id, deps.store)
  return findPerson({ key: { person_id, session_id, org_id }, environment, scope }, email, deps)
}

async function findPerson(
  request: PersonRequest,
  email: string,
  deps: AdminDeps,
): Promise<Administrator> {
  const { key, environment } = request
  const judged = judge(request, await deps.store.findPersonState(key), deps.now())
  const again = (): Promise<Administrator> => findPerson(request, email, deps)
  const confirm = async (): Promise<void> => void (await again())
  return {
    actor: { kind: 'person', person_id: key.person_id, email },
    tenant: { org_id: key.org_id, environment },
    scopes: judged.scopes,
    role: judged.role,
    authority: { ...personAuthorityOf(request, judged, deps.now), confirm },
    again,
  }
}

/** The tenant is the administrator's: the token's, or one that the person is a member of. */
export function adminContext(request: AnyRequest, deps: AdminDeps): AdminContext {
  const administrator = administratorOf.get(request)
  if (administrator === undefined) throw new Error('the route has no requireAdministrator hook')
  const { actor, tenant, scopes, role, authority } = administrator
  return {
    store: deps.store,
    digestKey: deps.digestKeys.inUse.key,
    now: deps.now,
    actor,
    tenant,
    address: clientAddress(request),
    request_id: request.id,
    idempotency: idempotencyOf(request, actor),
    scopes,
    role,
    authority,
  }
}

function idempotencyOf(request: AnyRequest, actor: Actor): AdminContext['idempotency'] {
  // PATCH has If-Match, and a second DELETE finds nothing: only POST needs the key.
  const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined
  if (key === undefined) return null
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidInput('Idempotency-Key must be 1 to 255 visible ASCII characters')
  }
  const digested = `${idOf(actor)} ${request.url}\n${bodyText(request)}`
  return { key, digest: hash('sha256', digested, 'base64url') }
}

/** Ids of clients and persons begin differently. */
function idOf(actor: Actor): string {
  if (actor.kind === 'client') return actor.client_id
  if (actor.kind === 'person') return actor.person_id
  throw new Error('only clients and persons call the admin API')
}
