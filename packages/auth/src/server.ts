/** ModularIoT Auth, wired: everything it is made of, visible in one place. */

import {
  createVerifier,
  type KeySource,
  type RevocationSource,
} from '@modulariot/oauth/resource-server'
import type { Application } from '@modulariot/platform/http'
import { type Metrics, noMetrics } from '@modulariot/platform/metrics'
import { type AdminContext, systemContext } from './admin/context.ts'
import { ensureAudience } from './admin/installation.ts'
import { ADMIN_SCOPES, adminAudience, FEED_SCOPE, feedAudience } from './admin/scopes.ts'
import { createCheckpointSigner } from './audit/checkpoint.ts'
import { type CheckpointArchive, startCheckpoints } from './background/checkpoint-keeper.ts'
import { startMaintenance } from './background/maintenance.ts'
import { retryUntilStored } from './background/retry-until-stored.ts'
import { ClientDirectory, MAX_STALE_MS } from './clients/directory.ts'
import { PROBLEM_TYPE, unroutedProblem } from './http/admin/problem.ts'
import { mountAuthRoutes } from './http/mount.ts'
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
   * Told when keys cannot be read after a change (the ones in memory stay in use, and it is tried
   * again), and when counters cannot be written (they are kept and tried again).
   */
  readonly onError: (error: unknown) => void
  /** Default: nothing is counted. */
  readonly metrics?: Metrics
  /** For how long verifiers may keep our published keys. Default: 300. */
  readonly jwksMaxAgeSeconds?: number
  readonly keyPolicy?: KeyPolicy
  /**
   * Where checkpoints of the trail go, every hour and at the end. Default: none are made, and no
   * trail is cut.
   */
  readonly checkpoints?: CheckpointArchive
  /** How long entries of the trail are kept. Default: null, for ever. */
  readonly auditRetentionDays?: number | null
}

export interface AuthServer extends Application {
  /** The verifying keys, for an API in the same process. */
  readonly keys: KeySource
  /** What has been revoked, for the same. */
  readonly revocations: RevocationSource
  /** What was issued since the start, for the metrics. */
  usageTotals(): UsageTotals
  /**
   * Writes what was counted and is not written yet, and a last checkpoint; the store is still
   * needed.
   */
  close(): Promise<void>
}

/** @throws SealBroken when the encryption key does not fit the stored keys. */
export async function createAuthServer(options: AuthServerOptions): Promise<AuthServer> {
  const { issuer, store, now } = options
  const metrics = createAuthMetrics(options.metrics ?? noMetrics)
  const directory = new ClientDirectory(store, metrics.looked)
  const usage = new UsageCounter({ store, onError: options.onError })
  publishUsage(options.metrics ?? noMetrics, () => usage.totals())
  const limits = new LoginLimits({ now })
  const quotas = new TokenQuotas({
    store,
    onExceeded: (client_id) => usage.overQuota(client_id),
  })
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
  const loadKeys = async (): Promise<void> => keys.load(await algorithmsInUse())
  const digestKey = options.installationKeys.secretDigest
  await ensureOwnAudiences(issuer, systemContext({ store, digestKey, now }))
  await loadKeys()
  const revocations = new RevocationFollower({ store, now, onError: options.onError })
  await revocations.start()
  // A change is announced once; an instance that missed it would go on signing with a key that was
  // revoked.
  const keyReload = retryUntilStored(loadKeys, options.onError)
  const stopWatching = store.onChange((change) => {
    directory.forget(change.clients)
    if (change.keys) keyReload.start()
    if (change.revocations) void revocations.catchUp()
  })

  const stopMaintenance = startMaintenance({
    store,
    maintainKeys: async () => keys.maintain(await algorithmsInUse()),
    now,
    onError: options.onError,
  })
  const signer = await createCheckpointSigner(options.installationKeys.checkpoint, issuer)
  const { checkpoints: archive, auditRetentionDays: retentionDays = null } = options
  const stopCheckpoints =
    archive === undefined
      ? null
      : startCheckpoints({
          ...{ store, signer, archive, retentionDays, digestKey, now },
          onError: options.onError,
        })
  const verifierFor = (audience: string | null, source: KeySource = keys) =>
    createVerifier({ issuer, audience, keys: source, now, revocations })
  return {
    name: 'auth',
    keys,
    revocations,
    refusals: { below: '/admin/v1/', type: PROBLEM_TYPE, body: unroutedProblem },
    mount: (app) => {
      // Whoever waits for revocations is answered before the server closes.
      app.addHook('preClose', async () => revocations.close())
      return mountAuthRoutes(app, {
        issuer,
        store,
        directory,
        digestKey,
        keys,
        jwksMaxAgeSeconds: options.jwksMaxAgeSeconds ?? DEFAULT_JWKS_MAX_AGE_SECONDS,
        now,
        limits,
        quotas,
        usage,
        metrics,
        verifier: verifierFor(adminAudience(issuer)),
        checkpointSigner: signer,
        feedVerifier: verifierFor(feedAudience(issuer)),
        ownVerifier: verifierFor(null, storedKeys(keys)),
        revocations,
      })
    },
    ready: () => readiness(store),
    usageTotals: () => usage.totals(),
    close: async () => {
      stopWatching()
      keyReload.stop()
      stopMaintenance()
      revocations.close()
      await usage.close()
      await stopCheckpoints?.()
    },
  }
}

/** While the store is away, clients that are known still get tokens, for a time. */
async function readiness(store: Availability & Staleness): Promise<'degraded' | undefined> {
  try {
    await store.ping()
    return undefined
  } catch (error) {
    if (store.silentForMs() > MAX_STALE_MS) throw error
    return 'degraded'
  }
}

/** Short-lived, since it opens more than telemetry. */
const ADMIN_TOKEN_LIFETIME_SECONDS = 3600

/** The APIs of this server itself. */
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
      { audience, scopes, token_lifetime_seconds, signing_alg: 'RS256' },
      context,
    )
  }
}
