/**
 * One request to the admin API, once its token has been verified: caller, tenant and parameters.
 */

import { hash } from 'node:crypto'
import { parseBearerToken, parseJsonSegment, type Refusal } from '@modulariot/oauth/protocol'
import type { Verifier } from '@modulariot/oauth/resource-server'
import { clientAddress } from '@modulariot/platform/http'
import { decodeUtf8, parseUniqueJson } from '@modulariot/platform/json'
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import {
  type AdminAuthority,
  type AdminRequest,
  authorityOf,
  authorizedScopes,
} from '../../admin/authority.ts'
import type { AdminContext, AdminStore } from '../../admin/context.ts'
import type { AdminScope } from '../../admin/scopes.ts'
import type { CheckpointSigner } from '../../audit/checkpoint.ts'
import type { ClientDirectory } from '../../clients/directory.ts'
import { invalidInput } from '../../errors/admin-error.ts'
import type { Tenant } from '../../records/client.ts'

export interface AdminDeps {
  readonly store: AdminStore
  readonly digestKey: Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
  /** Looks up whether the administrator's client is still allowed. */
  readonly directory: ClientDirectory
  /** Of the admin API's own audience. */
  readonly verifier: Verifier
  readonly checkpointSigner: CheckpointSigner
}

export type AnyRequest = FastifyRequest<{
  Params: Record<string, string>
  Querystring: Record<string, unknown>
  Body: Buffer | undefined
}>

export interface AdminCall {
  readonly context: AdminContext
  readonly request: AnyRequest
  readonly reply: FastifyReply
  readonly checkpointSigner: CheckpointSigner
}

/** The caller and what it may do, by its token and by its record as it is now. */
interface Administrator {
  readonly client_id: string
  readonly tenant: Tenant
  readonly scopes: readonly string[]
  readonly authority: AdminAuthority
}

const administratorOf = new WeakMap<object, Administrator>()

/**
 * Runs when the head has arrived, so that strangers cannot make us parse a body, and again when the
 * body is complete, so that an administrator who delays the body acts with the rights it has at its
 * end.
 *
 * A token holds the rights of its issue. The client is looked up too, so that a disabled client, or
 * one that lost a scope, cannot restore itself.
 */
export function requireAdminToken(deps: AdminDeps, scope: AdminScope): onRequestAsyncHookHandler {
  return async (request) => {
    const presented = {
      authorization: request.headers.authorization,
      address: clientAddress(request),
      scope,
    }
    // Reported once for each request, though the check runs several times.
    const observe = administratorOf.has(request)
      ? undefined
      : (reason: Refusal) => request.log.warn({ reason }, 'would be refused')
    administratorOf.set(request, await findAdministrator(presented, deps, observe))
  }
}

type Presented = Pick<AdminRequest, 'address' | 'scope'> & {
  readonly authorization: string | undefined
}

async function findAdministrator(
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
  const confirm = async (): Promise<void> => void (await findAdministrator(presented, deps))
  return {
    tenant: { org_id: claims.org_id, environment: claims.environment },
    client_id,
    scopes,
    authority: { ...authorityOf(request, scopes, deps.now), confirm },
  }
}

/** Of a verified token, so the header has our own form. */
function tokenKid(authorization: string | undefined): string {
  const header = parseBearerToken(authorization).split('.')[0] as string
  return String(parseJsonSegment(header)?.kid)
}

/** The tenant is always the administrator's; nothing in the request changes it. */
export function adminContext(request: AnyRequest, deps: AdminDeps): AdminContext {
  const administrator = administratorOf.get(request)
  if (administrator === undefined) throw new Error('the route has no requireAdminToken hook')
  const { client_id, tenant, scopes, authority } = administrator
  return {
    store: deps.store,
    digestKey: deps.digestKey,
    now: deps.now,
    actor: { kind: 'client', client_id },
    tenant,
    address: clientAddress(request),
    request_id: request.id,
    idempotency: idempotencyOf(request, client_id),
    scopes,
    authority,
  }
}

export function bodyText({ body }: AnyRequest): string {
  return decodeUtf8(body ?? Buffer.alloc(0))
}

export function jsonBody(request: AnyRequest): unknown {
  return parseUniqueJson(bodyText(request))
}

/** A path parameter; the router guarantees that it is present. */
export function param(request: AnyRequest, name: string): string {
  return request.params[name] ?? ''
}

/** A filter in the query. A repeated one is refused; an empty one counts as absent. */
export function filter({ query }: AnyRequest, name: string): string | undefined {
  const value = query[name]
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw invalidInput(`${name} is repeated`)
  return value
}

/** `If-Match` (RFC 9110 §13.1.1) as a version; null: any. */
export function ifMatch({ headers }: AnyRequest): number | null {
  const value = headers['if-match']
  if (value === undefined || value === '*') return null
  const version = /^"v(\d{1,9})"$/.exec(value)?.[1]
  if (version === undefined)
    throw invalidInput('If-Match must be an ETag from this API, such as "v3"')
  return Number(version)
}

export function etagOf({ version }: { version: number }): string {
  return `"v${version}"`
}

function idempotencyOf(request: AnyRequest, client_id: string): AdminContext['idempotency'] {
  // PATCH has If-Match, and a second DELETE finds nothing: only POST needs the key.
  const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined
  if (key === undefined) return null
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidInput('Idempotency-Key must be 1 to 255 visible ASCII characters')
  }
  const digested = `${client_id} ${request.url}\n${bodyText(request)}`
  return { key, digest: hash('sha256', digested, 'base64url') }
}
