/** Administration on the server's machine: opens the stores and calls the use cases. */

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
import type { Config } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  openInstallation,
  operatorContext,
  withInstallation,
} from '../installation/open-installation.ts'
import type { Admin, NewClientTenant } from './port.ts'

/** Runs `work` as the operator of the installation on this machine. */
export function withLocalAdmin(
  config: Config,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  return withInstallation(config, (admin, keys) =>
    work(createLocalAdmin(admin, keys, config.issuer)),
  )
}

/**
 * Runs `work` on the stores directly, for what the admin API does not offer.
 *
 * @throws CliError usage with `--url`: running here would change the wrong installation.
 */
export function onThisMachine(
  context: Context,
  work: (admin: AdminContext, keys: InstallationKeys) => Promise<void>,
): Promise<void> {
  assertNoUrl(context)
  return withInstallation(context.config(), work)
}

/**
 * As `onThisMachine`, with what replacing signing keys needs in addition: the sealing key and the
 * key policy.
 *
 * @throws CliError usage with `--url`.
 */
export async function onThisMachineWithKeys(
  context: Context,
  work: (admin: KeyAdmin) => Promise<void>,
): Promise<void> {
  const config = context.config()
  assertNoUrl(context)
  const { keys, store } = await openInstallation(config)
  try {
    const { sealing: sealingKey } = keys
    await work({ ...operatorContext(store, keys), sealingKey, policy: config.keyPolicy })
  } finally {
    await store.close()
  }
}

function assertNoUrl({ url }: Context): void {
  if (url === null) return
  throw new CliError(
    'usage',
    'This only works on the machine that runs ModularIoT; leave out --url',
  )
}

function createLocalAdmin(admin: AdminContext, keys: InstallationKeys, issuer: string): Admin {
  const { store } = admin
  return {
    createClient: async (input, tenant) =>
      createClient({ ...input, ...(await resolveTenant(tenant, admin)) }, admin),
    createClients: async (inputs, tenant) =>
      createClients(inputs, await resolveTenant(tenant, admin), admin),
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

/** The organization given by `--org`, or the only one. */
async function resolveTenant(
  { org, environment = 'development' }: NewClientTenant,
  { store }: AdminContext,
) {
  const ids = (await store.listOrganizations()).map(({ org_id }) => org_id)
  if (org !== undefined) {
    if (ids.includes(org)) return { org_id: org, environment }
    throw new CliError('not_found', `There is no organization ${org}; known: ${ids.join(', ')}`)
  }
  const [only] = ids
  if (only === undefined) {
    throw new CliError(
      'not_found',
      'There is no organization yet: run miot serve once, which creates one',
    )
  }
  if (ids.length > 1) {
    throw new CliError(
      'usage',
      `There are several organizations; choose one with --org: ${ids.join(', ')}`,
    )
  }
  return { org_id: only, environment }
}
