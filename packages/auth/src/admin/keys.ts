/**
 * Use cases for signing keys. They belong to the installation, so only the operator runs these.
 */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { AdminError } from '../errors/admin-error.ts'
import type { ExternalKeys } from '../keys/external-keys.ts'
import { keyChange } from '../keys/key-change.ts'
import { holderOf, type KeyHolder } from '../keys/key-holder.ts'
import {
  goneAt,
  type KeyPolicy,
  type KeyState,
  replaceAll,
  rotateKey,
  rotatesAt,
  stateOf,
} from '../keys/key-life.ts'
import { makeCandidates } from '../keys/new-candidates.ts'
import { unseal } from '../keys/sealing.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { KeyChange, SigningKeyStore } from '../store/ports/signing-keys.ts'
import type { AdminContext } from './context.ts'

export interface KeyView {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly state: KeyState
  /** Where the private key is. */
  readonly held_by: KeyHolder
  /** ISO 8601, as all times here. */
  readonly created_at: string
  /** Null: not yet decided; a rotation sets it. */
  readonly activates_at: string | null
  readonly retires_at: string | null
  /**
   * When another key takes over from this one, which signs; null: it does not, or no time is set.
   */
  readonly rotates_at: string | null
  /** The key verifies until then; null: no end is set. */
  readonly gone_at: string | null
}

export interface KeyAdmin extends AdminContext<SigningKeyStore> {
  readonly sealingKey: Uint8Array
  readonly policy: KeyPolicy
  /** Null: no external signer is set. Default: null. */
  readonly external?: ExternalKeys | null
}

export async function listKeys(
  context: AdminContext<SigningKeyStore> & Pick<KeyAdmin, 'policy'>,
): Promise<KeyView[]> {
  const keys = await context.store.listSigningKeys()
  return keys.map((key) => keyViewOf(key, context.now(), context.policy))
}

/**
 * Starts a rotation of one algorithm, or of all in use: the next key takes over as soon as it has
 * been published long enough.
 *
 * @throws AdminError `conflict` when a rotation is in progress.
 */
export async function rotateKeys(
  alg: SigningAlgorithm | null,
  context: KeyAdmin,
): Promise<KeyView[]> {
  const candidates = await candidatesFor(alg, context)
  const now = context.now()
  const keys = await change(candidates, context, (current) => {
    let step = { keys: current, events: [] as KeyStepEvents }
    for (const candidate of candidates) {
      const rotated = rotateKey(step.keys, candidate, now, context.policy)
      if (rotated === null) throw underWay(candidate.alg)
      step = { keys: rotated.keys, events: [...step.events, ...rotated.events] }
    }
    return keyChange(step, { at: new Date(now).toISOString(), actor: context.actor })
  })
  return keys.map((key) => keyViewOf(key, now, context.policy))
}

type KeyStepEvents = NonNullable<ReturnType<typeof rotateKey>>['events']

/** For emergencies: invalidates every token signed so far; new keys sign at once. */
export async function replaceKeys(
  alg: SigningAlgorithm | null,
  context: KeyAdmin,
): Promise<KeyView[]> {
  const candidates = await candidatesFor(alg, context)
  const now = context.now()
  const keys = await change(candidates, context, (current) => {
    const { revoked, ...step } = replaceAll(current, candidates, now)
    return keyChange(step, { at: new Date(now).toISOString(), actor: context.actor }, revoked)
  })
  return keys.map((key) => keyViewOf(key, now, context.policy))
}

/** Changes the keys, and then destroys those of the external signer that are not used any more. */
async function change(
  candidates: readonly SealedKey[],
  { store, external, sealingKey }: KeyAdmin,
  update: (current: readonly SealedKey[]) => KeyChange,
): Promise<readonly SealedKey[]> {
  let unused: readonly SealedKey[] = []
  try {
    return await store.updateSigningKeys((current) => {
      // Unless the update is refused, for which the store throws what it threw.
      unused = candidates
      const change = update(current)
      const kids = new Set(change.keys.map(({ kid }) => kid))
      unused = [...current, ...candidates].filter(({ kid }) => !kids.has(kid))
      return change
    })
  } catch (error) {
    // A write whose outcome is unknown may have stored them.
    if (!(error instanceof AdminError)) unused = []
    throw error
  } finally {
    await external?.discard(unused, [sealingKey])
  }
}

/**
 * @throws AdminError `not_found` for an algorithm that is not in use.
 * @throws SealBroken when no key at all can be opened: no server could open a key sealed now.
 *   SignerFault.
 */
async function candidatesFor(
  alg: SigningAlgorithm | null,
  { store, sealingKey, now, policy, external = null }: KeyAdmin,
): Promise<readonly SealedKey[]> {
  const keys = await store.listSigningKeys()
  await assertOneOpens(keys, sealingKey)
  const inUse = [...new Set(keys.map((key) => key.alg))]
  const algorithms = alg === null ? inUse : inUse.filter((one) => one === alg)
  if (algorithms.length === 0) {
    throw new AdminError('not_found', noKey(alg))
  }
  const nowMs = now()
  const made = await makeCandidates(algorithms, keys, { external, policy, sealingKey, nowMs })
  if (made.fault === null) return made.keys
  await external?.discard(made.keys, [sealingKey])
  throw made.fault
}

/** @throws SealBroken when none of the keys opens: what is made now would be of no use. */
export async function assertOneOpens(
  keys: readonly SealedKey[],
  sealingKey: Uint8Array,
): Promise<void> {
  if (keys.length === 0) return
  try {
    await Promise.any(keys.map((key) => unseal(key.sealed, key.kid, sealingKey)))
  } catch (error) {
    throw (error as AggregateError).errors[0]
  }
}

function noKey(alg: SigningAlgorithm | null): string {
  if (alg === null) return 'There is no signing key yet; run miot serve first'
  return `There is no ${alg} key; it is created with the first audience that uses ${alg}`
}

function underWay(alg: SigningAlgorithm): AdminError {
  return new AdminError(
    'conflict',
    `A rotation of ${alg} is in progress, or its next key does not exist yet; see miot keys list`,
  )
}

function keyViewOf(key: SealedKey, nowMs: number, policy: KeyPolicy): KeyView {
  const { kid, alg, created_at, activates_at, retires_at } = key
  const gone = goneAt(key)
  const gone_at = Number.isFinite(gone) ? new Date(gone).toISOString() : null
  const state = stateOf(key, nowMs)
  const held_by = holderOf(key)
  const rotates = rotatesAt(key, nowMs, policy)
  const rotates_at = rotates === null ? null : new Date(rotates).toISOString()
  return { kid, alg, state, held_by, created_at, activates_at, retires_at, rotates_at, gone_at }
}
