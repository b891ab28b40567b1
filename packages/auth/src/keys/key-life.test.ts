import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MAX_STALE_MS } from '../clients/directory.ts'
import { TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import {
  type KeyPolicy,
  keyAges,
  keyPolicy,
  maintain,
  replaceAll,
  rotateKey,
  stateOf,
  wanted,
} from './key-life.ts'

const POLICY = keyPolicy(300, 90)
const START = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

let made = 0
function candidate(nowMs: number): SealedKey {
  const kid = `k${++made}`
  const created_at = new Date(nowMs).toISOString()
  const times = { created_at, activates_at: null, retires_at: null }
  return { kid, alg: 'ES256', public_jwk: {}, sealed: kid, ...times }
}

/** One round of maintenance. */
function round(keys: readonly SealedKey[], nowMs: number, policy = POLICY): readonly SealedKey[] {
  const candidates = wanted(keys, ['ES256'], nowMs, policy).map(() => candidate(nowMs))
  return maintain(keys, candidates, nowMs, policy)?.keys ?? keys
}

const states = (keys: readonly SealedKey[], nowMs: number): string[] =>
  keys.map((key) => stateOf(key, nowMs)).sort()

describe('the life of keys', () => {
  it('begins with a key that signs at once, and one that comes next', () => {
    const first = round([], START)
    assert.deepEqual(states(first, START), ['active'])
    const second = round(first, START)
    assert.deepEqual(states(second, START), ['active', 'next'])
    assert.equal(maintain(second, [], START, POLICY), null)
    assert.deepEqual(wanted(second, ['ES256'], START, POLICY), [])
  })

  it('lets the next key sign when it has been published long enough, and not before', () => {
    const keys = round(round([], START), START)
    const rotated = rotateKey(keys, candidate(START), START, POLICY)?.keys ?? []
    const switchAt = START + POLICY.publishMs
    assert.deepEqual(states(rotated, START), ['active', 'next', 'next'])
    const signsAt = (nowMs: number) => rotated.find((key) => stateOf(key, nowMs) === 'active')?.kid
    assert.equal(signsAt(switchAt - 1), keys[0]?.kid)
    assert.equal(signsAt(switchAt), keys[1]?.kid)
    assert.deepEqual(states(rotated, switchAt), ['active', 'next', 'retired'])
  })

  it('lets a next key that has waited long enough sign at once', () => {
    const keys = round(round([], START), START)
    const later = START + DAY_MS
    const rotated = rotateKey(keys, candidate(later), later, POLICY)?.keys ?? []
    assert.deepEqual(states(rotated, later), ['active', 'next', 'retired'])
  })

  it('does not begin a rotation while one is in progress', () => {
    const keys = round(round([], START), START)
    const rotated = rotateKey(keys, candidate(START), START, POLICY)?.keys ?? []
    assert.equal(rotateKey(rotated, candidate(START), START + 1, POLICY), null)
    assert.equal(rotateKey([], candidate(START), START, POLICY), null)
  })

  it('sees that one is in progress, whatever the clocks that made the keys', () => {
    const keys = round(round([], START), START)
    const late = candidate(START - 5000)
    const rotated = rotateKey(keys, late, START, POLICY)?.keys ?? []
    // In the store's order, by time of creation.
    const inOrder = [late, ...rotated.filter(({ kid }) => kid !== late.kid)]
    assert.equal(rotateKey(inOrder, candidate(START), START + 1, POLICY), null)
    assert.deepEqual(states(inOrder, START + POLICY.publishMs), ['active', 'next', 'retired'])
  })

  it('keeps a retired key until its last token has expired, even one from an instance that missed the rotation', () => {
    const keys = round(round([], START), START)
    const at = START + DAY_MS
    const rotated = rotateKey(keys, candidate(at), at, POLICY)?.keys ?? []
    const lastIssuedAt = at + MAX_STALE_MS
    const goneAt = lastIssuedAt + 3_600_000 + TOKEN_LIFETIME_BOUNDS.max * 1000
    assert.equal(round(rotated, goneAt - 1).length, 3)
    assert.equal(round(rotated, goneAt).length, 2)
  })

  it('replaces every key of the algorithm in an emergency, and revokes all of them', () => {
    const keys = round(round([], START), START)
    const other = { ...candidate(START), alg: 'EdDSA' as const }
    const { keys: replaced, revoked } = replaceAll([...keys, other], [candidate(START)], START)
    assert.deepEqual(revoked, keys)
    assert.equal(replaced.length, 2)
    assert.deepEqual(replaced[0], other)
    assert.equal(stateOf(replaced[1] as SealedKey, START), 'active')
  })

  it('has one signing key at any time, published before it signs, and keeps the key of every valid token', () => {
    const step = fc.record({
      hours: fc.integer({ min: 0, max: 24 * 40 }),
      rotates: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => holds(steps, keyPolicy(300, 30))),
    )
  })
})

/** Maintains keys over time, with manual rotations in between. */
function holds(steps: readonly { hours: number; rotates: boolean }[], policy: KeyPolicy): void {
  let now = START
  let keys = round(round([], now, policy), now, policy)
  const first = keys[0]?.kid
  /** When the tokens of each key expire. */
  const living = new Map<string, number>()
  for (const { hours, rotates } of steps) {
    now += hours * 3_600_000
    if (rotates) keys = rotateKey(keys, candidate(now), now, policy)?.keys ?? keys
    keys = round(keys, now, policy)
    const active = keys.filter((key) => stateOf(key, now) === 'active')
    assert.equal(active.length, 1)
    const [signing] = active as [SealedKey]
    assert.ok(signing.kid === first || now - Date.parse(signing.created_at) >= policy.publishMs)
    living.set(signing.kid, now + TOKEN_LIFETIME_BOUNDS.max * 1000)
    for (const [kid, until] of living) {
      if (until > now) assert.ok(keys.some((key) => key.kid === kid))
    }
  }
}

describe('the age of keys', () => {
  it('is that of the key that signs, and ends when the next one takes over', () => {
    const first = round(round([], START), START)
    const later = START + 10 * DAY_MS
    const due = (START + 90 * DAY_MS) / 1000
    const aged = { alg: 'ES256', ageSeconds: 10 * 86_400, rotatesAt: due }
    assert.deepEqual(keyAges(first, later, POLICY), [aged])
    assert.deepEqual(keyAges(first, later, keyPolicy(300, null)), [{ ...aged, rotatesAt: null }])
    const rotated = rotateKey(first, candidate(later), later, keyPolicy(300, null))?.keys ?? []
    const [age] = keyAges(rotated, later + DAY_MS, keyPolicy(300, null))
    assert.deepEqual(age, { alg: 'ES256', ageSeconds: 86_400, rotatesAt: null })
  })

  it('of a key that a rotation ends soon is counted until then', () => {
    const first = round(round([], START), START)
    const soon = START + 1000
    const rotated = rotateKey(first, candidate(soon), soon, POLICY)?.keys ?? []
    const [age] = keyAges(rotated, soon, POLICY)
    assert.deepEqual(age, { alg: 'ES256', ageSeconds: 1, rotatesAt: (START + 600_000) / 1000 })
  })
})
