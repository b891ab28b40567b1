/**
 * The first run: one organization with one application, so that there is something to log in with.
 *
 * The credentials go to a file first and to the store second: between the two a crash leaves a file that
 * the next first run replaces, never a client whose secret nobody has.
 */

import { SCOPES } from '@modulariot/api'
import {
  type AuthStore,
  createId,
  DEFAULT_TOKEN_LIFETIME_SECONDS,
  type InstallationKeys,
  registerClient,
} from '@modulariot/auth'
import { type Config, filesOf } from './config/parse-config.ts'
import { writePrivateFile } from './private-file.ts'

export interface QuickstartCredentials {
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
  readonly grant_type: 'client_credentials'
}

/** Makes the API's audience where it is missing. */
export function ensureApiAudience(store: AuthStore, audience: string): Promise<void> {
  return store.ensureAudience({
    audience,
    scopes: Object.values(SCOPES),
    token_lifetime_seconds: DEFAULT_TOKEN_LIFETIME_SECONDS,
    signing_alg: 'RS256',
  })
}

/** @returns the credentials, or null when this is not the first run. */
export async function createQuickstart(
  config: Config,
  store: AuthStore,
  keys: InstallationKeys,
  now: number,
): Promise<QuickstartCredentials | null> {
  if ((await store.listOrganizations()).length > 0) return null
  const organization = { org_id: createId('org'), name: 'My organization' }
  const { client_secret, ...rows } = registerClient(
    {
      name: 'First application',
      org_id: organization.org_id,
      environment: 'development',
      grants: [{ audience: config.apiAudience, scopes: Object.values(SCOPES) }],
    },
    await store.listAudiences(),
    { digestKey: keys.secretDigest, now },
  )
  const { client_id } = rows.client
  const settings = {
    MIOT_TOKEN_URL: `${config.issuer}/api/v1/login`,
    MIOT_API_URL: config.issuer,
    MIOT_CLIENT_ID: client_id,
    MIOT_CLIENT_SECRET: client_secret,
    MIOT_AUDIENCE: config.apiAudience,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`)
  writePrivateFile(filesOf(config).quickstart, lines.join(''))
  if (!(await store.createFirst(organization, rows))) return null
  return {
    client_id,
    client_secret,
    audience: config.apiAudience,
    grant_type: 'client_credentials',
  }
}
