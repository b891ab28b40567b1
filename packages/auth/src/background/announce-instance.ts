/**
 * Announces this server in the store, with the encryption keys it knows: `miot keys reseal` changes
 * the key only when every running server knows the new one.
 */

import { repeat } from '@modulariot/platform/repeat'
import { createId } from '../clients/secret.ts'
import type { InstanceStore } from '../store/ports/instances.ts'

export interface AnnouncerOptions {
  readonly store: InstanceStore
  /** For people: where it runs. */
  readonly name: string
  readonly key_ids: readonly string[]
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

const INTERVAL_MS = 15_000
/** A server that was killed counts as running for as long. */
const LIFETIME_SECONDS = 60

/**
 * Announces now, and regularly until the returned function is called. Never rejects: a server also
 * starts while its disk is full.
 */
export async function announceInstance(options: AnnouncerOptions): Promise<() => Promise<void>> {
  const { store, name, key_ids, now, onError } = options
  const instance_id = createId('instance')
  const announce = async (): Promise<void> => {
    const until = Math.floor(now() / 1000) + LIFETIME_SECONDS
    await store.announceInstance({ instance_id, name, key_ids, until })
  }
  await announce().catch(onError)
  const stop = repeat(announce, { firstAfterMs: INTERVAL_MS, intervalMs: INTERVAL_MS, onError })
  return async () => {
    stop()
    await store.removeInstance(instance_id).catch(onError)
  }
}
