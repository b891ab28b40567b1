/** ModularIoT Auth, assembled: all its parts, in one place. */

import { ACCESS_TOKEN_TYPES } from '@modulariot/oauth/protocol'
import {
  createVerifier,
  type KeySource,
  type RevocationSource,
} from '@modulariot/oauth/resource-server'
import type { Application, RefusedRequest } from '@modulariot/platform/http'
import { type Metrics, noMetrics } from '@modulariot/platform/metrics'
import { noPeers, type Peers } from '@modulariot/platform/peers'
import { createPublicFetch } from '@modulariot/platform/public-fetch'
import { StoreDamaged } from '@modulariot/platform/storage'
import { RefusalRecorder, type RefusedClient } from './activity/refusal-recorder.ts'
import { systemContext } from './admin/context.ts'
import { HygieneCounts } from './admin/hygiene.ts'
import { ensureOwnAudiences } from './admin/own-audiences.ts'
import { adminAudience, feedAudience } from './admin/scopes.ts'
import type { CheckpointSigner } from './audit/checkpoint.ts'
import { createInstallationSigner, type InstallationSigner } from './audit/installation-signer.ts'
import { announceInstance } from './background/announce-instance.ts'
import { type CheckpointArchive, startCheckpoints } from './background/checkpoint-keeper.ts'
import { startMaintenance } from './background/maintenance.ts'
import { retryUntilStored } from './background/retry-until-stored.ts'
import { ClientDirectory, DEFAULT_DIRECTORY_BYTES, MAX_STALE_MS } from './clients/directory.ts'
import { RemoteClientKeys } from './clients/remote-keys.ts'
import { SecretMover } from './clients/secret-mover.ts'
import { SignerFault } from './errors/signer-fault.ts'
import type { Build, TelemetryRetention } from './http/admin/deps.ts'
import { PROBLEM_TYPE, unroutedProblem } from './http/admin/problem.ts'
import { type AuthRoutesDeps, mountAuthRoutes } from './http/mount.ts'
import { EncryptionKeys } from './keys/encryption-keys.ts'
import { ExternalKeys } from './keys/external-keys.ts'
import type { ExternalSigner } from './keys/external-signer.ts'
import {
  DEFAULT_JWKS_MAX_AGE_SECONDS,
  DEFAULT_KEY_POLICY,
  type KeyPolicy,
} from './keys/key-life.ts'
import { KeyRing } from './keys/key-ring.ts'
import type { EightSigner } from './keys/multi-buffer/eight-signer.ts'
import type { InstallationKeys } from './keys/sealing.ts'
import { storedKeys } from './keys/stored-keys.ts'
import { LoginLimits } from './limits/login-limits.ts'
import { TokenQuotas } from './limits/token-quotas.ts'
import {
  createAuthMetrics,
  publishDroppedRefusals,
  publishKeyAges,
  publishRevocationLag,
  publishUsage,
  watchStore,
} from './metrics/auth-metrics.ts'
import { publishRsaLibrary } from './metrics/rsa-library-metrics.ts'
import { publishSigner } from './metrics/signer-metrics.ts'
import { type AccountOptions, createPeople } from './people/assemble.ts'
import type { Mailer } from './people/mailer-port.ts'
import type { Sessions } from './people/session-port.ts'
import type { Availability } from './store/ports/availability.ts'
import type { Staleness } from './store/ports/changes.ts'
import type { AuthPorts } from './store/store.ts'
import { RevocationFollower } from './tokens/revocation-follower.ts'
import { UsageCounter, type UsageTotals } from './usage/usage-counter.ts'

const DEFAULT_ACTIVITY_DAYS = 30

export interface AuthServerOptions {
  /** `iss` of every token, and the base of every URL we publish. No trailing slash. */
  readonly issuer: string
  readonly store: AuthPorts
  readonly installationKeys: InstallationKeys
  /** Of a second encryption key, which replaces the first once it seals the signing keys. */
  readonly newInstallationKeys?: InstallationKeys | null
  /** Where this server runs, for messages to the operator. Default: it is not announced. */
  readonly instanceName?: string
  /** What administrators see as this server's version. Default: unknown. */
  readonly build?: Build
  /** Unix milliseconds. */
  readonly now: () => number
  /**
   * Called when keys cannot be read after a change (those in memory stay in use, and the read is
   * retried), and when counters cannot be written (they are kept and retried).
   */
  readonly onError: (error: unknown) => void
  /** Default: no metrics. */
  readonly metrics?: Metrics
  /** How long verifiers may cache our published keys. Default: 300. */
  readonly jwksMaxAgeSeconds?: number
  readonly keyPolicy?: KeyPolicy
  /** Memory for clients that were read. Default: 256 MiB. */
  readonly directoryBytes?: number
  /** Holds signing keys outside; `keyPolicy.newKeys` says whether new ones too. Default: null. */
  readonly externalSigner?: ExternalSigner | null
  /**
   * Signs RS256 eight at a time; closed with the server. Null: there is a library for it that
   * cannot be used. Default: there is none.
   */
  readonly eightSigner?: EightSigner | null
  /**
   * Where checkpoints of the trail are kept, every hour and at the end. Default: none are made, and
   * the trail is not cut.
   */
  readonly checkpoints?: CheckpointArchive
  /**
   * Whether this server rotates keys and removes what has expired. Default: true; false for all but
   * one of several processes.
   */
  readonly maintains?: boolean
  /** How long entries of the trail are kept. Default: null, without limit. */
  readonly auditRetentionDays?: number | null
  /** How long refusals, and counts over time, are kept. Default: 30. */
  readonly activityRetentionDays?: number
  /** How long ModularIoT API keeps telemetry, if it runs with this server. Default: null. */
  readonly telemetryRetention?: TelemetryRetention | null
  /** The audience of ModularIoT API, if it runs with this server. Default: null. */
  readonly apiAudience?: string | null
  /** Sessions and mail of persons without accounts of ours, for tests. Default: null. */
  readonly people?: { readonly sessions: Sessions; readonly mailer: Mailer | null } | null
  /** How persons get accounts. Default: null, there are none. */
  readonly accounts?: AccountOptions | null
  /** The other processes of this server, for the limits that hold for all. Default: none. */
  readonly peers?: Peers
  /** Ranges (CIDR) from which clients' keys may be fetched although they are not public. */
  readonly jwksUriNetworks?: readonly string[]
}

export interface AuthServer extends Application {
  ready(): Promise<'degraded' | undefined>
  /** The verifying keys, for an API in the same process. */
  readonly keys: KeySource
  /** The revocations, for an API in the same process. */
  readonly revocations: RevocationSource
  /** Keeps a refusal by an API in the same process. @param client of its verified token. */
  recordRefusal(refused: RefusedRequest, client: RefusedClient | null): void
  /** What the first account has to enter; null: nothing, or there is an account. */
  setupCode(): Promise<string | null>
  /** Totals since the start, for the metrics. */
  usageTotals(): UsageTotals
  /**
   * Writes the counters that are not written yet, and a last checkpoint; the store must still be
   * open.
   */
  close(): Promise<void>
}

/**
 * @throws SealBroken when the encryption key does not fit the stored keys; SignerFault when they
 *   need an external signer that is not set, or none could be made.
 */
export async function createAuthServer(options: AuthServerOptions): Promise<AuthServer> {
  const { issuer, store, now, onError } = options
  // 1. Create what the store must hold.
  const digestKey = options.installationKeys.secretDigest
  await ensureOwnAudiences(issuer, systemContext({ store, digestKey, now }))
  // 2. Load what is kept in memory.
  const parts = createParts(options)
  // Announced first: a change of the encryption key waits for us, or we read its keys.
  await using onFailure = new AsyncDisposableStack()
  const stopAnnouncing = await announce(options, parts)
  onFailure.defer(stopAnnouncing)
  await parts.loadKeys().catch((error: unknown) => {
    // The other keys are in use, and maintenance makes this one as soon as the signer can.
    if (!(error instanceof SignerFault) || parts.keys.publicKeys().keys.length === 0) throw error
    onError(error)
  })
  const signer = await createInstallationSigner({ ...parts, issuer, store })
  const revocations = new RevocationFollower({ store, now, onError })
  await revocations.start()
  publishRevocationLag(options.metrics ?? noMetrics, () => revocations.silentForMs())
  // 3. Start what runs beside requests.
  const stopWatching = followChanges(options, parts, revocations, signer)
  const stopBackground = startBackground(options, parts, signer)
  // 4. Assemble the application.
  const { keys, usage, secretMover, refusals } = parts
  onFailure.move()
  return {
    name: 'auth',
    keys,
    revocations,
    refusals: { below: ['/admin/v1/', '/people/v1/'], type: PROBLEM_TYPE, body: unroutedProblem },
    mount: (app) => {
      // Requests that wait for revocations are answered before the server closes.
      app.addHook('preClose', async () => revocations.close())
      return mountAuthRoutes(app, routesDeps(options, parts, revocations, signer))
    },
    ready: () => readiness(store, keys),
    setupCode: async () => parts.people?.setupCode() ?? null,
    usageTotals: () => usage.totals(),
    recordRefusal: (refused, client) => refusals.record(refused, client),
    close: async () => {
      stopWatching()
      stopBackground.maintenance?.()
      revocations.close()
      await usage.close()
      await refusals.close()
      await secretMover.close()
      await parts.people?.close()
      await stopAnnouncing()
      await stopBackground.checkpoints?.()
      options.eightSigner?.close()
    },
  }
}

type Parts = ReturnType<typeof createParts>

function createParts({ store, now, onError, ...options }: AuthServerOptions) {
  const { peers = noPeers() } = options
  const metrics = createAuthMetrics(options.metrics ?? noMetrics)
  const usage = new UsageCounter({ store, onError, peers })
  publishUsage(options.metrics ?? noMetrics, () => usage.totals())
  watchStore(options.metrics ?? noMetrics, store)
  const { installationKeys, newInstallationKeys = null } = options
  const encryptionKeys = new EncryptionKeys(installationKeys, newInstallationKeys)
  const directory = new ClientDirectory(store, {
    lookedUp: metrics.lookedUp,
    maxBytes: options.directoryBytes ?? DEFAULT_DIRECTORY_BYTES,
    peers,
  })
  const { externalSigner: signer = null } = options
  const onSigned = signer && publishSigner(options.metrics ?? noMetrics, signer)
  const external = signer && onSigned && new ExternalKeys({ signer, onError, onSigned })
  const { eightSigner } = options
  if (eightSigner !== undefined) publishRsaLibrary(options.metrics ?? noMetrics, eightSigner)
  const keys = new KeyRing({
    store,
    encryptionKeys,
    external,
    eightSigner: eightSigner ?? null,
    policy: options.keyPolicy ?? DEFAULT_KEY_POLICY,
    now,
  })
  publishKeyAges(options.metrics ?? noMetrics, () => keys.ages())
  const refusals = new RefusalRecorder({ store, now, onError, processes: peers.count })
  publishDroppedRefusals(options.metrics ?? noMetrics, () => refusals.dropped)
  async function algorithmsInUse() {
    const audiences = await store.listAudiences()
    return [...new Set(audiences.map((audience) => audience.signing_alg))]
  }
  const { issuer, accounts = null, metrics: published = noMetrics } = options
  const surroundings = { store, issuer, encryptionKeys, metrics: published, peers, now, onError }
  return {
    metrics,
    people: accounts === null ? null : createPeople(accounts, surroundings),
    usage,
    encryptionKeys,
    keys,
    directory,
    secretMover: new SecretMover({
      store,
      digestKeys: encryptionKeys,
      forget: (clients) => directory.forget(clients),
      onError,
    }),
    remoteKeys: new RemoteClientKeys(
      createPublicFetch({ allowedRanges: options.jwksUriNetworks ?? [] }),
    ),
    limits: new LoginLimits({ now, peers }),
    refusals,
    quotas: new TokenQuotas({ store, onExceeded: (client_id) => usage.overQuota(client_id) }),
    loadKeys: async (): Promise<void> => keys.load(await algorithmsInUse()),
    maintainKeys: async (): Promise<void> => keys.maintain(await algorithmsInUse()),
  }
}

/** Keeps memory in step with the store. Returns a function that stops. */
function followChanges(
  { store, onError }: AuthServerOptions,
  { directory, loadKeys }: Parts,
  revocations: RevocationFollower,
  signer: InstallationSigner,
): () => void {
  // A change is announced once; an instance that missed it would keep signing with a key that was
  // revoked.
  const keyReload = retryUntilStored(async () => {
    await loadKeys()
    await signer.renew()
  }, onError)
  const stopWatching = store.onChange((change) => {
    directory.forget(change.clients)
    if (change.keys) keyReload.start()
    if (change.revocations) void revocations.catchUp()
  })
  return () => {
    stopWatching()
    keyReload.stop()
  }
}

/** Returns a function that takes the announcement back. */
async function announce(
  { store, now, onError, instanceName: name }: AuthServerOptions,
  { encryptionKeys: { ids: key_ids } }: Parts,
): Promise<() => Promise<void>> {
  if (name === undefined) return async () => {}
  return announceInstance({ store, now, onError, name, key_ids })
}

/** Returns functions that stop each task; the last checkpoint needs the store. */
function startBackground(options: AuthServerOptions, parts: Parts, signer: CheckpointSigner) {
  const { store, now, onError } = options
  const { maintainKeys } = parts
  const { checkpoints: archive, auditRetentionDays: retentionDays = null } = options
  const { maintains = true } = options
  const digestKey = options.installationKeys.secretDigest
  return {
    maintenance: maintains
      ? startMaintenance({
          ...{ store, maintainKeys, now, onError },
          verifiesAddresses: (parts.people?.mailer ?? null) !== null,
          activityRetentionDays: options.activityRetentionDays ?? DEFAULT_ACTIVITY_DAYS,
        })
      : null,
    checkpoints:
      archive === undefined
        ? null
        : startCheckpoints({ store, signer, archive, retentionDays, digestKey, now, onError }),
  }
}

function routesDeps(
  { issuer, store, now, ...options }: AuthServerOptions,
  parts: Parts,
  revocations: RevocationFollower,
  checkpointSigner: CheckpointSigner,
): AuthRoutesDeps {
  const { directory, remoteKeys, keys, limits, quotas, usage, metrics, refusals } = parts
  const { encryptionKeys: digestKeys, secretMover } = parts
  const verifierFor = (audience: string) =>
    createVerifier({ issuer, audience, keys, now, revocations })
  const anyVerifier = (source: KeySource) =>
    createVerifier({
      ...{ issuer, audience: null, keys: source, now, revocations },
      tokenTypes: ACCESS_TOKEN_TYPES,
    })
  return {
    ...{
      issuer,
      store,
      now,
      directory,
      remoteKeys,
      keys,
      limits,
      quotas,
      usage,
      metrics,
      refusals,
    },
    ...{ digestKeys, secretMover },
    apiAudience: options.apiAudience ?? null,
    sessions: parts.people?.sessions ?? options.people?.sessions ?? null,
    mailer: parts.people?.mailer ?? options.people?.mailer ?? null,
    mailLimits: parts.people?.people.limits ?? null,
    people: parts.people,
    jwksMaxAgeSeconds: options.jwksMaxAgeSeconds ?? DEFAULT_JWKS_MAX_AGE_SECONDS,
    verifier: verifierFor(adminAudience(issuer)),
    feedVerifier: verifierFor(feedAudience(issuer)),
    ownVerifier: anyVerifier(storedKeys(keys)),
    gatewayVerifier: anyVerifier(keys),
    checkpointSigner,
    keyPolicy: options.keyPolicy ?? DEFAULT_KEY_POLICY,
    retention: {
      activityDays: options.activityRetentionDays ?? DEFAULT_ACTIVITY_DAYS,
      trailDays: options.auditRetentionDays ?? null,
      telemetry: options.telemetryRetention ?? null,
    },
    hygiene: new HygieneCounts(),
    peers: options.peers ?? noPeers(),
    build: options.build ?? { version: 'unknown', commit: null },
    revocations,
  }
}

/**
 * While the store is unavailable, cached clients still get tokens, for a limited time; while it
 * accepts no writes, all clients do. Without the external signer no client does, but tokens are
 * verified as before, also by the API in the same process.
 */
async function readiness(
  store: Availability & Staleness,
  keys: Pick<KeyRing, 'isSignerDown'>,
): Promise<'degraded' | undefined> {
  try {
    await store.ping()
    return keys.isSignerDown() ? 'degraded' : undefined
  } catch (error) {
    if (store.silentForMs() > MAX_STALE_MS || error instanceof StoreDamaged) throw error
    return 'degraded'
  }
}
