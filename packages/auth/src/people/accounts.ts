/**
 * The accounts of persons: loads better-auth when the first person needs it, and again when the
 * encryption key has changed.
 */

import { noPeers, type Peers } from '@modulariot/platform/peers'
import type { AccountStatements } from '../store/ports/accounts.ts'
import type { Engine } from './better-auth-engine.ts'
import { createPasswords } from './passwords.ts'

/** The keys of persons' accounts, in use and, while the encryption key changes, the other. */
export interface AccountKeys {
  readonly inUse: Uint8Array
  readonly other: Uint8Array | null
}

export interface AccountsDeps {
  readonly store: AccountStatements
  /** Read for each call: the key in use may change. */
  readonly keys: () => AccountKeys
  /** Whether a person must have opened the link in a message before signing in. */
  readonly requireVerification: boolean
  readonly onLog: (level: string, message: string) => void
  /** Default: this process is alone. */
  readonly peers?: Peers
}

export type Accounts = () => Promise<Engine>

export function createAccounts({
  store,
  keys,
  peers = noPeers(),
  ...deps
}: AccountsDeps): Accounts {
  // One queue for all hashes, whatever the key.
  const passwords = createPasswords({ peers })
  let loaded: { readonly key: Uint8Array; readonly engine: Promise<Engine> } | null = null

  async function load({ inUse, other }: AccountKeys): Promise<Engine> {
    const { createEngine } = await import('./better-auth-engine.ts')
    const secrets = other === null ? [inUse] : [inUse, other]
    return createEngine({ ...deps, statements: store.accounts, passwords, secrets })
  }

  return () => {
    const current = keys()
    if (loaded?.key !== current.inUse) {
      loaded = { key: current.inUse, engine: load(current) }
      // A failed import may succeed later.
      loaded.engine.catch(() => {
        loaded = null
      })
    }
    return loaded.engine
  }
}
