/** Administration on the server's machine: opens the stores and calls the use cases. */

import {
  type AdminContext,
  type AuditEntry,
  type AuthStore,
  addSecret,
  assertOneOpens,
  type CheckpointSigner,
  changeEach,
  changeOneOf,
  checkClients,
  createCheckpointSigner,
  createClient,
  createClients,
  deleteClient,
  getClient,
  type InstallationKeys,
  type KeyAdmin,
  listAddresses,
  listClients,
  listKeys,
  listRefusals,
  listSecrets,
  nextToken,
  revokeClientTokens,
  revokeSecret,
  rotateSecrets,
  storedHeaders,
  takeCheckpoint,
  updateClient,
  usageOfClient,
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
import { withSigner } from '../signer/open-signer.ts'
import type { Admin, NewClientTenant } from './port.ts'

/** Runs `work` as the operator of the installation on this machine. */
export function withLocalAdmin(
  config: Config,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  return withInstallation(config, (admin, keys) => work(createLocalAdmin(admin, keys, config)))
}

/**
 * Runs `work` on the stores directly, for what the admin API does not offer.
 *
 * @throws CliError usage with `--url`: running here would change the wrong installation.
 */
export function onThisMachine(
  context: Context,
  work: (admin: AdminContext<AuthStore>, keys: InstallationKeys) => Promise<void>,
): Promise<void> {
  assertNoUrl(context)
  return withInstallation(context.config(), work)
}

/**
 * As `onThisMachine`, with what replacing signing keys needs in addition: the sealing key, the key
 * policy and the external signer.
 *
 * @throws CliError usage with `--url`.
 */
export async function onThisMachineWithKeys(
  context: Context,
  work: (admin: KeyAdmin & AdminContext) => Promise<void>,
): Promise<void> {
  const config = context.config()
  assertNoUrl(context)
  const { keys, store } = await openInstallation(config)
  try {
    const { sealing: sealingKey } = keys
    const need = config.keyPolicy.newKeys === 'signer' ? 'required' : 'optional'
    await withSigner(config.signer, need, (external) =>
      work({ ...operatorContext(store, keys), sealingKey, policy: config.keyPolicy, external }),
    )
  } finally {
    await store.close()
  }
}

/** With the former keys of the installation, for checkpoints from before a change. */
export async function checkpointSigner(
  store: AdminContext['store'],
  keys: InstallationKeys,
  issuer: string,
): Promise<CheckpointSigner> {
  return createCheckpointSigner(keys.checkpoint, issuer, await store.listFormerCheckpointKeys())
}

/** @throws CliError usage with `--url`. */
export function assertNoUrl({ url }: Context): void {
  if (url === null) return
  throw new CliError(
    'usage',
    'This only works on the machine that runs ModularIoT; leave out --url',
  )
}

function createLocalAdmin(
  admin: AdminContext<AuthStore>,
  keys: InstallationKeys,
  { issuer, keyPolicy: policy }: Config,
): Admin {
  const { store } = admin
  /** No server would accept a secret that is digested under any other key than the one in use. */
  const assertKeyInUse = async () => assertOneOpens(await store.listSigningKeys(), keys.sealing)
  return {
    createClient: async (input, tenant) => {
      await assertKeyInUse()
      return createClient({ ...input, ...(await resolveTenant(tenant, admin)) }, admin)
    },
    async *createClients(inputs, tenant) {
      await assertKeyInUse()
      yield* await createClients(inputs, await resolveTenant(tenant, admin), admin)
    },
    async *checkClients(inputs, tenant) {
      yield* await checkClients(inputs, await resolveTenant(tenant, admin), admin)
    },
    listClients: (query) => listClients(query, admin),
    getClient: (client_id) => getClient(client_id, admin),
    updateClient: (client_id, change, ifVersion) =>
      updateClient(client_id, change, ifVersion, admin),
    async *changeClients(client_ids, change) {
      if (change.action === 'rotate') await assertKeyInUse()
      const changeOne = (client_id: string) => changeOneOf(client_id, change, admin)
      // One at a time, so that a failure of the store comes out after the results before it.
      for (const client_id of client_ids) {
        yield* await changeEach([client_id], admin, changeOne, neverStops)
      }
    },
    deleteClient: (client_id) => deleteClient(client_id, admin),
    addSecret: async (client_id, options) => {
      await assertKeyInUse()
      return addSecret(client_id, options, admin)
    },
    rotateSecrets: async (client_id, options) => {
      await assertKeyInUse()
      return rotateSecrets(client_id, options, admin)
    },
    revokeSecret: (client_id, secret_id) => revokeSecret(client_id, secret_id, admin),
    revokeTokens: (client_id) => revokeClientTokens(client_id, admin),
    listSecrets: (client_id) => listSecrets(client_id, admin),
    clientUsage: (client_id) => usageOfClient(client_id, admin),
    listAddresses: (client_id) => listAddresses(client_id, admin),
    nextToken: async (client_id, request) => {
      const headers = storedHeaders(await store.listSigningKeys(), admin.now())
      return nextToken(client_id, request, admin, { issuer, keys: headers })
    },
    wastefulClients: () => wastefulClients(admin),
    listAudiences: async () => [...(await store.listAudiences())],
    listKeys: () => listKeys({ ...admin, policy }),
    listRefusals: async (query) => {
      if (query.client_id !== undefined) await getClient(query.client_id, admin)
      return (await listRefusals({ ...query, before: null, seesProduction: true }, admin)).refusals
    },
    listAudit: async ({ limit, target: target_id, action }) => {
      const rows = await store.listAudit({ before: null, limit, target_id, action })
      return rows.map(({ entry, hash }) => ({ ...(JSON.parse(entry) as AuditEntry), hash }))
    },
    auditCheckpoint: async () => {
      const signer = await checkpointSigner(store, keys, issuer)
      const checkpoint = await takeCheckpoint(store, signer, admin.now())
      return { ...checkpoint, public_key: signer.publicKey }
    },
  }
}

/** Only a change that comes after others of the same call is stopped. */
function neverStops(error: unknown): never {
  throw error
}

/** The organization given by `--org`, or the only one. */
export async function resolveTenant(
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
      'There is no organization yet: create one with miot orgs create --name NAME',
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
