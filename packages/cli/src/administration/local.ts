/**
 * Administering clients from a terminal: on the box directly, or anywhere through the admin API. The
 * commands do not know which.
 */

import {
  type AdminContext,
  type AuditEntry,
  addSecret,
  createCheckpointSigner,
  createClient,
  createClients,
  getClient,
  type InstallationKeys,
  type KeyAdmin,
  listClients,
  listSecrets,
  revokeClientTokens,
  revokeSecret,
  rotateSecrets,
  takeCheckpoint,
  updateClient,
  wastefulClients,
} from '@modulariot/auth'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  openInstallation,
  operatorContext,
  withInstallation,
} from '../installation/open-installation.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import type { Admin, Place } from './port.ts'
import { createRemoteAdmin } from './remote.ts'

/** Runs `work` with whichever admin the command line asked for. */
export async function withAdmin(
  context: Context,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  if (context.url === null) {
    const config = context.config()
    return withInstallation(config, (admin, keys) => work(localAdmin(admin, keys, config.issuer)))
  }
  const audience = `${context.url}/admin/v1`
  const tokenUrl = `${context.url}/oauth2/token`
  const credentials = resolveCredentials(context.config(), { audience, tokenUrl })
  await work(await createRemoteAdmin(context.url, credentials, context.fetch))
}

function localAdmin(admin: AdminContext, keys: InstallationKeys, issuer: string): Admin {
  const { store } = admin
  return {
    createClient: async (input, place) =>
      createClient({ ...input, ...(await tenantOf(place, admin)) }, admin),
    createClients: async (inputs, place) =>
      createClients(inputs, await tenantOf(place, admin), admin),
    listClients: (query) => listClients(query, admin),
    getClient: (client_id) => getClient(client_id, admin),
    updateClient: (client_id, change, ifVersion) =>
      updateClient(client_id, change, ifVersion, admin),
    addSecret: (client_id, options) => addSecret(client_id, options, admin),
    rotateSecrets: (client_id, options) => rotateSecrets(client_id, options, admin),
    revokeSecret: (client_id, secret_id) => revokeSecret(client_id, secret_id, admin),
    revokeTokens: (client_id) => revokeClientTokens(client_id, admin),
    listSecrets: (client_id) => listSecrets(client_id, admin),
    wastefulClients: () => wastefulClients(admin),
    listAudit: async ({ limit, target: target_id, action }) => {
      const rows = await store.listAudit({ before: null, limit, target_id, action })
      return rows.map(({ entry, hash }) => ({ ...(JSON.parse(entry) as AuditEntry), hash }))
    },
    auditCheckpoint: async () => {
      const signer = await createCheckpointSigner(keys.checkpoint, issuer)
      const checkpoint = await takeCheckpoint(store, signer, admin.now())
      return { ...checkpoint, public_key: signer.publicKey }
    },
  }
}

/** The organization asked for, or the only one there is. */
async function tenantOf({ org, environment = 'development' }: Place, { store }: AdminContext) {
  const ids = (await store.listOrganizations()).map(({ org_id }) => org_id)
  if (org !== undefined) {
    if (ids.includes(org)) return { org_id: org, environment }
    throw new CliError('not_found', `There is no organization ${org}; known: ${ids.join(', ')}`)
  }
  const [only] = ids
  if (only === undefined) {
    throw new CliError('not_found', 'Run miot serve first: it makes the organization')
  }
  if (ids.length > 1) {
    throw new CliError('usage', `Say which organization with --org: ${ids.join(', ')}`)
  }
  return { org_id: only, environment }
}

/** The same, for what needs the keys of the installation. */
export async function onTheBoxWithKeys(
  context: Context,
  work: (admin: KeyAdmin) => Promise<void>,
): Promise<void> {
  const config = context.config()
  if (context.url !== null) throw boxOnly()
  const { keys, store } = await openInstallation(config)
  try {
    const { sealing: sealingKey } = keys
    await work({ ...operatorContext(store, keys), sealingKey, policy: config.keyPolicy })
  } finally {
    await store.close()
  }
}

function boxOnly(): CliError {
  return new CliError('usage', 'This works on the box itself only; leave out --url')
}

/** For what is administered on the box only: asked for elsewhere, it must not happen here. */
export function onTheBox(
  context: Context,
  work: (admin: AdminContext, keys: InstallationKeys) => Promise<void>,
): Promise<void> {
  if (context.url !== null) throw boxOnly()
  return withInstallation(context.config(), work)
}
