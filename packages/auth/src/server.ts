/** ModularIoT Auth, assembled: all its parts, in one place. */

import { ACCESS_TOKEN_TYPES } from '@modulariot/oauth/protocol'
import {
  createVerifier,
  type KeySource,
  type RevocationSource,
} from '@modulariot/oauth/resource-server'
import type { Application } from '@modulariot/platform/http'
import { type Metrics, noMetrics } from '@modulariot/platform/metrics'
import { createPublicFetch } from '@modulariot/platform/net'
import { StoreDamaged } from '@modulariot/platform/storage'
import { type AdminContext, systemContext } from './admin/context.ts'
import { ensureAudience } from './admin/installation.ts'
import { ADMIN_SCOPES, adminAudience, FEED_SCOPE, feedAudience } from './admin/scopes.ts'
import { type CheckpointSigner, createCheckpointSigner } from './audit/checkpoint.ts'
import { type CheckpointArchive, startCheckpoints } from './background/checkpoint-keeper.ts'
import { startMaintenance } from './background/maintenance.ts'
import { retryUntilStored } from './background/retry-until-stored.ts'
import { ClientDirectory, MAX_STALE_MS } from './clients/directory.ts'
import { RemoteClientKeys } from './clients/remote-keys.ts'
import { PROBLEM_TYPE, unroutedProblem } from './http/admin/problem.ts'
import { type AuthRoutesDeps, mountAuthRoutes } from './http/mount.ts'
import {
  DEFAULT_JWKS_MAX_AGE_SECONDS,
  DEFAULT_KEY_POLICY,
  type KeyPolicy,
} from './keys/key-life.ts'
import { KeyRing } from './keys/key-ring.ts'
import type { InstallationKeys } from './keys/sealing.ts'
import { storedKeys } from './keys/stored-keys.ts'
import { LoginLimits } from './limits/login-limits.ts'
import { TokenQuotas } from './limits/token-quotas.ts'
import { createAuthMetrics, publishUsage } from './metrics/auth-metrics.ts'
import type { AudienceStore } from './store/ports/audiences.ts'
import type { Availability } from './store/ports/availability.ts'
import type { Staleness } from './store/ports/changes.ts'
import type { AuthPorts } from './store/store.ts'
import { RevocationFollower } from './tokens/revocation-follower.ts'
import { UsageCounter, type UsageTotals } from './usage/usage-counter.ts'

export interface AuthServerOptions {
  /** `iss` of every token, and the base of every URL we publish. No trailing slash. */
  readonly issuer: string
  readonly store: AuthPorts
  readonly installationKeys: InstallationKeys
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
  /**
   * Where checkpoints of the trail are kept, every hour and at the end. Default: none are made, and
   * the trail is not cut.
   */
  readonly checkpoints?: CheckpointArchive
  /** How long entries of the trail are kept. Default: null, without limit. */
  readonly auditRetentionDays?: number | null
  /** Ranges (CIDR) from which clients' keys may be fetched although they are not public. */
  readonly jwksUriNetworks?: readonly string[]
}

export interface AuthServer extends Application {
  /** The verifying keys, for an API in the same process. */
  readonly keys: KeySource
  /** The revocations, for an API in the same process. */
  readonly revocations: RevocationSource
  /** Totals since the start, for the metrics. */
  usageTotals(): UsageTotals
  /**
   * Writes the counters that are not written yet, and a last checkpoint; the store must still be
   * open.
   */
  close(): Promise<void>
}

/** @throws SealBroken when the encryption key does not fit the stored keys. */
export async function createAuthServer(options: AuthServerOptions): Promise<AuthServer> {
  const { issuer, store, now, onError } = options
  // 1. Create what the store must hold.
  const digestKey = options.installationKeys.secretDigest
  await ensureOwnAudiences(issuer, systemContext({ store, digestKey, now }))
  // 2. Load what is kept in memory.
  const parts = createParts(options)
  await parts.loadKeys()
  const revocations = new RevocationFollower({ store, now, onError })
  await revocations.start()
  // 3. Start what runs beside requests.
  const signer = await createCheckpointSigner(options.installationKeys.checkpoint, issuer)
  const stopWatching = followChanges(options, parts, revocations)
  const stopBackground = startBackground(options, parts, signer)
  // 4. Assemble the application.
  const { keys, usage } = parts
  return {
    name: 'auth',
    keys,
    revocations,
    refusals: { below: '/admin/v1/', type: PROBLEM_TYPE, body: unroutedProblem },
    mount: (app) => {
      // Requests that wait for revocations are answered before the server closes.
      app.addHook('preClose', async () => revocations.close())
      return mountAuthRoutes(app, routesDeps(options, parts, revocations, signer))
    },
    ready: () => readiness(store),
    usageTotals: () => usage.totals(),
    close: async () => {
      stopWatching()
      stopBackground.maintenance()
      revocations.close()
      await usage.close()
      await stopBackground.checkpoints?.()
    },
  }
}

type Parts = ReturnType<typeof createParts>

function createParts({ store, now, onError, ...options }: AuthServerOptions) {
  const metrics = createAuthMetrics(options.metrics ?? noMetrics)
  const usage = new UsageCounter({ store, onError })
  publishUsage(options.metrics ?? noMetrics, () => usage.totals())
  const keys = new KeyRing({
    store,
    sealingKey: options.installationKeys.sealing,
    policy: options.keyPolicy ?? DEFAULT_KEY_POLICY,
    now,
  })
  async function algorithmsInUse() {
    const audiences = await store.listAudiences()
    return [...new Set(audiences.map((audience) => audience.signing_alg))]
  }
  return {
    metrics,
    usage,
    keys,
    directory: new ClientDirectory(store, metrics.lookedUp),
    remoteKeys: new RemoteClientKeys(
      createPublicFetch({ allowedRanges: options.jwksUriNetworks ?? [] }),
    ),
    limits: new LoginLimits({ now }),
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
): () => void {
  // A change is announced once; an instance that missed it would keep signing with a key that was
  // revoked.
  const keyReload = retryUntilStored(loadKeys, onError)
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

/** Returns functions that stop each task; the last checkpoint needs the store. */
function startBackground(options: AuthServerOptions, parts: Parts, signer: CheckpointSigner) {
  const { store, now, onError } = options
  const { maintainKeys } = parts
  const { checkpoints: archive, auditRetentionDays: retentionDays = null } = options
  const digestKey = options.installationKeys.secretDigest
  return {
    maintenance: startMaintenance({ store, maintainKeys, now, onError }),
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
  const { directory, remoteKeys, keys, limits, quotas, usage, metrics } = parts
  const verifierFor = (audience: string) =>
    createVerifier({ issuer, audience, keys, now, revocations })
  const anyVerifier = (source: KeySource) =>
    createVerifier({
      ...{ issuer, audience: null, keys: source, now, revocations },
      tokenTypes: ACCESS_TOKEN_TYPES,
    })
  return {
    ...{ issuer, store, now, directory, remoteKeys, keys, limits, quotas, usage, metrics },
    digestKey: options.installationKeys.secretDigest,
    jwksMaxAgeSeconds: options.jwksMaxAgeSeconds ?? DEFAULT_JWKS_MAX_AGE_SECONDS,
    verifier: verifierFor(adminAudience(issuer)),
    feedVerifier: verifierFor(feedAudience(issuer)),
    ownVerifier: anyVerifier(storedKeys(keys)),
    gatewayVerifier: anyVerifier(keys),
    checkpointSigner,
    revocations,
  }
}

/** While the store is unavailable, cached clients still get tokens, for a limited time. */
async function readiness(store: Availability & Staleness): Promise<'degraded' | undefined> {
  try {
    await store.ping()
    return undefined
  } catch (error) {
    if (store.silentForMs() > MAX_STALE_MS || error instanceof StoreDamaged) throw error
    return 'degraded'
  }
}

/** Short, since it opens more than telemetry. */
const ADMIN_TOKEN_LIFETIME_SECONDS = 3600

/** The server's own APIs. */
async function ensureOwnAudiences(
  issuer: string,
  context: AdminContext<AudienceStore>,
): Promise<void> {
  const own = [
    { audience: adminAudience(issuer), scopes: ADMIN_SCOPES },
    { audience: feedAudience(issuer), scopes: [FEED_SCOPE] },
  ]
  for (const { audience, scopes } of own) {
    const token_lifetime_seconds = ADMIN_TOKEN_LIFETIME_SECONDS
    await ensureAudience(
      { audience, scopes, token_lifetime_seconds, signing_alg: 'RS256', token_typ: 'at+jwt' },
      context,
    )
  }
}
