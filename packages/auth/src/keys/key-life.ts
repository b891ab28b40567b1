/**
 * The life of a signing key: published, then signing, then only verifying, then gone. Pure.
 *
 * A key's state follows from its times alone, so one key takes over from another without a write or
 * an agreement: every instance reads the same times. Small clock differences do no harm, since both
 * keys are published and verify.
 */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import { holderOf, type KeyHolder } from './key-holder.ts'

/**
 * `next` is published and does not sign yet; `retired` verifies until its last token has expired.
 */
export type KeyState = 'next' | 'active' | 'retired' | 'gone'

export interface KeyPolicy {
  /** How long a key is published before it signs, so that every verifier has fetched it. */
  readonly publishMs: number
  /** How long a key signs; null: until an operator rotates it. */
  readonly rotateAfterMs: number | null
  /**
   * Where new keys are made; a rotation to a key that is elsewhere makes another. Null: no external
   * signer is set, and a next key that another instance made there is left alone.
   */
  readonly newKeys: KeyHolder | null
}

export const DEFAULT_JWKS_MAX_AGE_SECONDS = 300
export const DEFAULT_KEY_ROTATION_DAYS = 90

/** @param rotateAfterDays null: no automatic rotation. */
export function keyPolicy(
  jwksMaxAgeSeconds: number,
  rotateAfterDays: number | null,
  newKeys: KeyHolder | null = null,
): KeyPolicy {
  return {
    newKeys,
    // Twice: a verifier may have fetched the keys just before, and be slow to refetch.
    publishMs: 2 * jwksMaxAgeSeconds * 1000,
    rotateAfterMs: rotateAfterDays === null ? null : rotateAfterDays * 86_400_000,
  }
}

export const DEFAULT_KEY_POLICY = keyPolicy(DEFAULT_JWKS_MAX_AGE_SECONDS, DEFAULT_KEY_ROTATION_DAYS)

/** The new list of keys, and the events that led to it. */
export interface KeyStep {
  readonly keys: readonly SealedKey[]
  readonly events: readonly KeyEvent[]
}

export interface KeyEvent {
  readonly action: 'key.created' | 'key.rotated' | 'key.revoked' | 'key.removed'
  readonly kid: string
  readonly after: { readonly alg: SigningAlgorithm; readonly activates_at: string | null } | null
}

export function stateOf(key: SealedKey, nowMs: number): KeyState {
  if (key.activates_at === null || Date.parse(key.activates_at) > nowMs) return 'next'
  if (key.retires_at === null || Date.parse(key.retires_at) > nowMs) return 'active'
  return goneAt(key) > nowMs ? 'retired' : 'gone'
}

/**
 * An instance that has lost the store misses a rotation, and signs with the old key for as long as
 * it serves from memory: an hour. The rest is for clock differences.
 */
const SIGNED_LATE_MS = 2 * 3_600_000

/** When the last token that the key may have signed has expired, Unix milliseconds. */
export function goneAt({ retires_at }: SealedKey): number {
  if (retires_at === null) return Number.POSITIVE_INFINITY
  return Date.parse(retires_at) + SIGNED_LATE_MS + TOKEN_LIFETIME_BOUNDS.max * 1000
}

/** How old a signing key is, for the metrics. */
export interface KeyAge {
  readonly alg: SigningAlgorithm
  /** Since it began to sign. */
  readonly ageSeconds: number
  /** When another key takes over, Unix seconds; null: not before an operator rotates it. */
  readonly rotatesAt: number | null
}

/**
 * When another key takes over from one that signs now, Unix milliseconds. Null: not before an
 * operator rotates it, or the key does not sign now.
 */
export function rotatesAt(
  key: SealedKey,
  nowMs: number,
  { rotateAfterMs }: Pick<KeyPolicy, 'rotateAfterMs'>,
): number | null {
  const { activates_at, retires_at } = key
  if (activates_at === null || stateOf(key, nowMs) !== 'active') return null
  if (retires_at !== null) return Date.parse(retires_at)
  return rotateAfterMs === null ? null : Date.parse(activates_at) + rotateAfterMs
}

/** Of the key of each algorithm that signs now. */
export function keyAges(keys: readonly SealedKey[], nowMs: number, policy: KeyPolicy): KeyAge[] {
  return keys.flatMap((key) => {
    const { alg, activates_at } = key
    if (activates_at === null || stateOf(key, nowMs) !== 'active') return []
    const end = rotatesAt(key, nowMs, policy)
    const ageSeconds = (nowMs - Date.parse(activates_at)) / 1000
    return { alg, ageSeconds, rotatesAt: end === null ? null : end / 1000 }
  })
}

/** The algorithms for which `maintain` could use a new key. */
export function wanted(
  keys: readonly SealedKey[],
  algorithms: readonly SigningAlgorithm[],
  nowMs: number,
  policy: KeyPolicy,
): SigningAlgorithm[] {
  return algorithms.filter((alg) => {
    const { active, next } = placesOf(keys, alg, nowMs)
    return active === undefined || next === undefined || isDue(active, nowMs, policy)
  })
}

/** For each algorithm without a signing key, makes one sign at once; null when none lacks one. */
export function begin(
  keys: readonly SealedKey[],
  candidates: readonly SealedKey[],
  nowMs: number,
): KeyStep | null {
  let step: KeyStep = { keys, events: [] }
  for (const candidate of candidates) step = beginOne(step, candidate, nowMs)
  return step.events.length === 0 ? null : step
}

/**
 * Automatic steps: removes gone keys, rotates a key that has signed long enough, and gives each
 * algorithm one key that signs and one that comes next.
 *
 * @param candidates new keys, at most one for each algorithm; those that are not needed are
 *   dropped.
 * @returns null when there is nothing to do.
 */
export function maintain(
  keys: readonly SealedKey[],
  candidates: readonly SealedKey[],
  nowMs: number,
  policy: KeyPolicy,
): KeyStep | null {
  const gone = keys.filter((key) => stateOf(key, nowMs) === 'gone')
  let step: KeyStep = {
    keys: keys.filter((key) => !gone.includes(key)),
    events: gone.map(({ kid }) => ({ action: 'key.removed', kid, after: null })),
  }
  for (const candidate of candidates) step = maintainOne(step, candidate, nowMs, policy)
  return step.events.length === 0 ? null : step
}

/**
 * Lets the next key take over as soon as it has been published long enough.
 *
 * @returns null when a rotation is in progress, or there is no next key yet.
 */
export function rotateKey(
  keys: readonly SealedKey[],
  candidate: SealedKey,
  nowMs: number,
  policy: KeyPolicy,
): KeyStep | null {
  const { active, next } = placesOf(keys, candidate.alg, nowMs)
  // A rotation is in progress once the active key retires. Counting `next` keys would not do: with
  // two of them, the order depends on the clocks of the instances that made them.
  if (active === undefined || next === undefined || active.retires_at !== null) return null
  if (isElsewhere(next, policy)) return rotatePast(keys, active, next, candidate, nowMs, policy)
  const at = Math.max(nowMs, Date.parse(next.created_at) + policy.publishMs)
  const moment = new Date(at).toISOString()
  const successor = { ...next, activates_at: moment }
  const replaced = keys.map((key) => {
    if (key === next) return successor
    return key === active ? { ...active, retires_at: moment } : key
  })
  const waiting = { ...candidate, activates_at: null }
  return {
    keys: [...replaced, waiting],
    events: [event('key.rotated', successor), event('key.created', waiting)],
  }
}

/**
 * Rotates to the candidate instead of the next key, which never signed: new keys are made with the
 * external signer from now on, or no longer. `maintain` makes the key after that.
 */
function rotatePast(
  keys: readonly SealedKey[],
  active: SealedKey,
  next: SealedKey,
  candidate: SealedKey,
  nowMs: number,
  { publishMs }: KeyPolicy,
): KeyStep {
  const moment = new Date(nowMs + publishMs).toISOString()
  const successor = { ...candidate, activates_at: moment }
  const others = keys.filter((key) => key !== next)
  return {
    keys: [
      ...others.map((key) => (key === active ? { ...active, retires_at: moment } : key)),
      successor,
    ],
    events: [
      { action: 'key.removed', kid: next.kid, after: null },
      event('key.created', successor),
      event('key.rotated', successor),
    ],
  }
}

function isElsewhere(key: SealedKey, { newKeys }: KeyPolicy): boolean {
  return newKeys !== null && holderOf(key) !== newKeys
}

/**
 * For emergencies: an attacker who has one key of an installation may have all, since they are kept
 * together. Removes every key of these algorithms, the next one too, and makes the candidates sign
 * at once.
 */
export function replaceAll(
  keys: readonly SealedKey[],
  candidates: readonly SealedKey[],
  nowMs: number,
): KeyStep & { readonly revoked: readonly SealedKey[] } {
  const algorithms = candidates.map(({ alg }) => alg)
  const revoked = keys.filter(({ alg }) => algorithms.includes(alg))
  const activates_at = new Date(nowMs).toISOString()
  const fresh = candidates.map((key) => ({ ...key, activates_at }))
  return {
    keys: [...keys.filter((key) => !revoked.includes(key)), ...fresh],
    events: [
      ...revoked.map(({ kid }) => ({ action: 'key.revoked', kid, after: null }) as const),
      ...fresh.map((key) => event('key.created', key)),
    ],
    revoked,
  }
}

function maintainOne(
  step: KeyStep,
  candidate: SealedKey,
  nowMs: number,
  policy: KeyPolicy,
): KeyStep {
  const { active, next } = placesOf(step.keys, candidate.alg, nowMs)
  if (active === undefined) return beginOne(step, candidate, nowMs)
  if (next === undefined) return withKey(step, { ...candidate, activates_at: null })
  if (!isDue(active, nowMs, policy)) return step
  const rotated = rotateKey(step.keys, candidate, nowMs, policy)
  return rotated === null
    ? step
    : { keys: rotated.keys, events: [...step.events, ...rotated.events] }
}

/** The first of its algorithm signs at once: no verifier has cached older keys of it. */
function beginOne(step: KeyStep, candidate: SealedKey, nowMs: number): KeyStep {
  const { active, next } = placesOf(step.keys, candidate.alg, nowMs)
  if (active !== undefined) return step
  const others = step.keys.filter((key) => key !== next)
  const activates_at = new Date(nowMs).toISOString()
  return withKey({ ...step, keys: others }, { ...(next ?? candidate), activates_at })
}

function withKey({ keys, events }: KeyStep, key: SealedKey): KeyStep {
  return { keys: [...keys, key], events: [...events, event('key.created', key)] }
}

function event(action: KeyEvent['action'], { kid, alg, activates_at }: SealedKey): KeyEvent {
  return { action, kid, after: { alg, activates_at } }
}

/** The active and the next key of one algorithm. */
function placesOf(keys: readonly SealedKey[], alg: SigningAlgorithm, nowMs: number) {
  const own = keys.filter((key) => key.alg === alg)
  return {
    active: own.find((key) => stateOf(key, nowMs) === 'active'),
    next: own.find((key) => stateOf(key, nowMs) === 'next'),
  }
}

function isDue(active: SealedKey, nowMs: number, { rotateAfterMs }: KeyPolicy): boolean {
  if (rotateAfterMs === null || active.activates_at === null || active.retires_at !== null) {
    return false
  }
  return nowMs - Date.parse(active.activates_at) >= rotateAfterMs
}
