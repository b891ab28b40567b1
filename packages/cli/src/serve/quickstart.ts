/**
 * The first run: creates an organization with one application to log in with.
 *
 * The credentials are written to a file before the store: a crash in between leaves a file that the
 * next start replaces, never a client with a lost secret.
 */

import { rmSync } from 'node:fs'
import { SCOPES } from '@modulariot/api'
import {
  type AdminContext,
  auditedClient,
  auditedOrganization,
  clientViewOf,
  DEFAULT_TOKEN_LIFETIME_SECONDS,
  ensureAudience,
  newClient,
  newOrganization,
} from '@modulariot/auth'
import { type Config, filesOf } from '../config/parse-config.ts'
import { readPrivateFile, writePrivateFile } from '../files/private-file.ts'

export interface QuickstartCredentials {
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
  readonly grant_type: 'client_credentials'
}

/** Creates the API's audience when it is missing. */
export function ensureApiAudience(context: AdminContext, audience: string): Promise<boolean> {
  const api = {
    audience,
    scopes: Object.values(SCOPES),
    token_lifetime_seconds: DEFAULT_TOKEN_LIFETIME_SECONDS,
    signing_alg: 'RS256',
    token_typ: 'at+jwt',
  } as const
  return ensureAudience(api, context)
}

/** @returns the credentials, or null when this is not the first run or MIOT_QUICKSTART is off. */
export async function createQuickstart(
  config: Config,
  context: AdminContext,
): Promise<QuickstartCredentials | null> {
  const { store } = context
  if (config.quickstart === 'off') return null
  if ((await store.listOrganizations()).length > 0) return null
  const organization = newOrganization('My organization')
  const audience = config.apiAudience
  const { client, client_secret } = newClient(
    { name: 'First application', grants: [{ audience, scopes: Object.values(SCOPES) }] },
    { org_id: organization.org_id, environment: 'development' },
    await store.listAudiences(),
    { digestKey: context.digestKey, now: context.now() },
  )
  const { client_id } = client
  const path = filesOf(config).quickstart
  const settings = settingsFile(config, client_id, client_secret)
  writePrivateFile(path, settings)
  const created = await store.createFirst(
    auditedOrganization(organization, context),
    auditedClient(context, 'client.created', null, client, clientViewOf(client)),
  )
  // Another instance was first, so these credentials were never stored.
  if (!created && readPrivateFile(path) === settings) rmSync(path)
  return created ? { client_id, client_secret, audience, grant_type: 'client_credentials' } : null
}

function settingsFile(config: Config, client_id: string, client_secret: string): string {
  const settings = {
    MIOT_TOKEN_URL: `${config.issuer}/api/v1/login`,
    MIOT_API_URL: config.issuer,
    MIOT_CLIENT_ID: client_id,
    MIOT_CLIENT_SECRET: client_secret,
    MIOT_AUDIENCE: config.apiAudience,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('')
}
