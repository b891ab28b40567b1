/** The admin API for one organization and environment, with the session's cookie. */

import createClient from 'openapi-fetch'
import type { paths } from './admin-schema.d.ts'
import type { Environment } from './people.ts'
import { send } from './refusal.ts'

/** Where the page acts: what the admin API calls a tenant. */
export interface Place {
  readonly org_id: string
  readonly environment: Environment
}

export type ClientPage = Answer<'/admin/v1/clients'>
export type ListedClient = ClientPage['clients'][number]
export type Client = Answer<'/admin/v1/clients/{client_id}'>
export type ClientUsage = Answer<'/admin/v1/clients/{client_id}/usage'>
export type SecretUse = ClientUsage['secrets'][number]
export type LoginAddress = Answer<'/admin/v1/clients/{client_id}/addresses'>['addresses'][number]
export type NextToken = Answer<'/admin/v1/clients/{client_id}/next-token'>
export type Audience = Answer<'/admin/v1/audiences'>['audiences'][number]
export type AuditPage = Answer<'/admin/v1/audit'>
export type AuditEntry = AuditPage['entries'][number]
export type BulkResult =
  paths['/admin/v1/clients/bulk']['post']['responses'][200]['content']['application/x-ndjson']
export type NewClient = Body<'/admin/v1/clients'>
export type ManyChange = Omit<Body<'/admin/v1/clients/batch'>, 'client_ids'>
export type ChangeResult =
  paths['/admin/v1/clients/batch']['post']['responses'][200]['content']['application/json']['results'][number]
export type ClientChange = NonNullable<
  paths['/admin/v1/clients/{client_id}']['patch']['requestBody']
>['content']['application/json']

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Value } } } }
}
  ? Value
  : never

type Body<Path extends keyof paths> = paths[Path] extends {
  post: { requestBody?: { content: { 'application/json': infer Value } } }
}
  ? Value
  : never

export type Member = Answer<'/admin/v1/members'>['members'][number]
export type Invitation = Answer<'/admin/v1/invitations'>['invitations'][number]
export type RefusedRequest = Answer<'/admin/v1/activity/refusals'>['refusals'][number]
export type Activity = Answer<'/admin/v1/activity'>
export type ActivityStep = Activity['steps'][number]
export type Hygiene = Answer<'/admin/v1/clients/hygiene'>
export type SigningKey = Answer<'/admin/v1/keys'>['keys'][number]

/** What says to the admin API where a request acts. */
export function placeHeaders({ org_id, environment }: Place) {
  return { 'miot-organization': org_id, 'miot-environment': environment }
}

/** Throws `Refusal` where the API refuses. */
export function adminOf(place: Place) {
  return createClient<paths>({
    baseUrl: location.origin,
    headers: placeHeaders(place),
    fetch: (request) => send(request),
  })
}

export type Admin = ReturnType<typeof adminOf>

/** The data of an answer that `send` has let through. */
export async function dataOf<Value>(
  answer: Promise<{ data?: Value | undefined }>,
): Promise<NonNullable<Value>> {
  return (await answer).data as NonNullable<Value>
}
