/** One request to the admin API, once its caller is known: context and parameters. */

import { decodeUtf8, parseUniqueJson } from '@modulariot/platform/json'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AdminContext } from '../../admin/context.ts'
import { invalidInput } from '../../errors/admin-error.ts'
import type { Tenant } from '../../records/client.ts'
import type { AdminDeps } from './deps.ts'

export type AnyRequest = FastifyRequest<{
  Params: Record<string, string>
  Querystring: Record<string, unknown>
  Body: Buffer | undefined
}>

export interface AdminCall {
  readonly context: AdminContext
  readonly request: AnyRequest
  readonly reply: FastifyReply
  readonly deps: AdminDeps
}

export function callerTenant({ context }: AdminCall): Tenant {
  if (context.tenant === null) throw new Error('the admin API always acts for a tenant')
  return context.tenant
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
