/** ModularIoT Auth, wired: everything it is made of, visible in one place. */

import type { KeySource } from '@modulariot/oauth/resource-server'
import type { Application } from '@modulariot/platform/http'
import { ClientDirectory } from './clients/directory.ts'
import { mountAuthRoutes } from './http/routes.ts'
import { KeyRing } from './keys/key-ring.ts'
import type { InstallationKeys } from './keys/sealing.ts'
import type { AuthStore } from './store/store.ts'

export interface AuthServerOptions {
  /** `iss` of every token, and the base of every URL we publish. No trailing slash. */
  readonly issuer: string
  readonly store: AuthStore
  readonly installationKeys: InstallationKeys
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told when keys cannot be read again after a change; the ones in memory stay in use. */
  readonly onError: (error: unknown) => void
}

export interface AuthServer extends Application {
  /** The verifying keys, for an API in the same process. */
  readonly keys: KeySource
  close(): void
}

/** @throws SealBroken when the encryption key does not fit the stored keys. */
export async function createAuthServer(options: AuthServerOptions): Promise<AuthServer> {
  const { issuer, store, now } = options
  const directory = new ClientDirectory(store)
  const keys = new KeyRing({ store, sealingKey: options.installationKeys.sealing, now })

  async function loadKeys(): Promise<void> {
    const audiences = await store.listAudiences()
    await keys.load([...new Set(audiences.map((audience) => audience.signing_alg))])
  }
  await loadKeys()
  const stopWatching = store.onChange(() => {
    directory.clear()
    loadKeys().catch(options.onError)
  })

  const digestKey = options.installationKeys.secretDigest
  return {
    name: 'auth',
    keys,
    mount: (app) => mountAuthRoutes(app, { issuer, store, directory, digestKey, keys, now }),
    ready: () => store.ping(),
    close: stopWatching,
  }
}
