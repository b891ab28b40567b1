import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { AdminError, type AdminErrorCode } from '../errors/admin-error.ts'
import { SealBroken } from '../errors/seal-broken.ts'
import { keyPolicy } from '../keys/key-life.ts'
import { KeyRing } from '../keys/key-ring.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import { type Installation, openInstallation } from '../testing/sample-installation.ts'
import { onlyEncryptionKey } from '../testing/sample-keys.ts'
import { type KeyAdmin, type KeyView, listKeys, replaceKeys, rotateKeys } from './keys.ts'

const POLICY = keyPolicy(300, 90)
const SEALING_KEY = new Uint8Array(32).fill(1)

let place: Installation
let admin: KeyAdmin

beforeEach(async () => {
  place = await openInstallation()
  const actor = { kind: 'operator', name: 'ana' } as const
  admin = { ...place.operator, actor, sealingKey: SEALING_KEY, policy: POLICY }
})
afterEach(() => place.close())

/** The work of a server in its first minute. */
async function serve(): Promise<void> {
  const ring = new KeyRing({
    ...admin,
    encryptionKeys: onlyEncryptionKey(SEALING_KEY),
    now: () => place.clock.now,
  })
  await ring.load(['ES256', 'EdDSA'])
  await ring.maintain(['ES256', 'EdDSA'])
}

async function trail(): Promise<string[]> {
  const rows = await place.store.listAudit({ before: null, limit: 100 })
  const entries = rows.map(({ entry }) => JSON.parse(entry) as AuditEntry)
  return entries
    .filter(({ target }) => target.type === 'key')
    .map(({ action, actor, target }) => `${action} by ${actor.kind}: ${target.id}`)
    .reverse()
}

const standing = (keys: readonly KeyView[]): string[] =>
  keys.map(({ alg, state }) => `${alg} ${state}`).sort()

const refused = (doing: Promise<unknown>, code: AdminErrorCode) =>
  assert.rejects(doing, (error) => error instanceof AdminError && error.code === code)

describe('signing keys', () => {
  it('are listed with their state, and never with a private half', async () => {
    await serve()
    const keys = await listKeys(admin)
    assert.deepEqual(standing(keys), ['ES256 active', 'ES256 next', 'EdDSA active', 'EdDSA next'])
    const members =
      'activates_at alg created_at gone_at held_by kid retires_at rotates_at state'.split(' ')
    for (const key of keys) assert.deepEqual(Object.keys(key).sort(), members)
  })

  it('say when the next one takes over: on schedule, sooner once rotated, or never', async () => {
    await serve()
    const rotations = (keys: readonly KeyView[]) =>
      keys.filter(({ alg }) => alg === 'ES256').map(({ state, rotates_at }) => [state, rotates_at])
    const before = await listKeys(admin)
    const active = before.find(({ alg, state }) => alg === 'ES256' && state === 'active')
    const due = Date.parse(active?.activates_at ?? '') + (POLICY.rotateAfterMs ?? 0)
    assert.deepEqual(rotations(before).sort(), [
      ['active', new Date(due).toISOString()],
      ['next', null],
    ])
    const manual = { ...admin, policy: { ...POLICY, rotateAfterMs: null } }
    assert.deepEqual(rotations(await listKeys(manual)).sort(), [
      ['active', null],
      ['next', null],
    ])
    const rotated = await rotateKeys('ES256', admin)
    const { retires_at, rotates_at } = rotated.find(({ kid }) => kid === active?.kid) as KeyView
    assert.ok(retires_at !== null && Date.parse(retires_at) < due)
    assert.equal(rotates_at, retires_at)
  })

  it('are rotated once each has been published long enough, and the result says when', async () => {
    await serve()
    const before = await listKeys(admin)
    place.clock.now += 1000
    const after = await rotateKeys('ES256', admin)
    const next = before.find(({ alg, state }) => alg === 'ES256' && state === 'next')
    const active = before.find(({ alg, state }) => alg === 'ES256' && state === 'active')
    const at = new Date(Date.parse(next?.created_at ?? '') + POLICY.publishMs).toISOString()
    const byKid = new Map(after.map((key) => [key.kid, key]))
    assert.equal(byKid.get(next?.kid ?? '')?.activates_at, at)
    assert.equal(byKid.get(active?.kid ?? '')?.retires_at, at)
    const other = (keys: readonly KeyView[]) => keys.filter(({ alg }) => alg === 'EdDSA')
    assert.deepEqual(other(after), other(before))
    const [rotated, created] = (await trail()).slice(-2)
    assert.equal(rotated, `key.rotated by operator: ${next?.kid}`)
    assert.match(created ?? '', /^key\.created by operator: /)
  })

  it('are not rotated twice at once, and a refusal changes nothing', async () => {
    await serve()
    await rotateKeys('ES256', admin)
    const before = await listKeys(admin)
    await refused(rotateKeys('ES256', admin), 'conflict')
    // All algorithms rotate, or none.
    await refused(rotateKeys(null, admin), 'conflict')
    assert.deepEqual(await listKeys(admin), before)
  })

  it('are rotated once when ten operators rotate at the same time', async () => {
    await serve()
    const asked = Array.from({ length: 10 }, () => rotateKeys('ES256', admin))
    const results = await Promise.allSettled(asked)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    const rotations = (await trail()).filter((line) => line.startsWith('key.rotated'))
    assert.equal(rotations.length, 1)
  })

  it('are all replaced in an emergency, in the trail and on the feed', async () => {
    await serve()
    const before = (await listKeys(admin)).map(({ kid }) => kid)
    const after = await replaceKeys(null, admin)
    assert.deepEqual(standing(after), ['ES256 active', 'EdDSA active'])
    const nowSeconds = place.clock.now / 1000
    const { revocations } = await place.store.readRevocations({
      ...{ after: null, limit: 100, nowSeconds },
    })
    const expires = nowSeconds + 30 * 86_400
    const key = (a: { kid?: string }) => String(a.kid)
    assert.deepEqual(
      [...revocations].sort((a, b) => key(a as never).localeCompare(key(b as never))),
      before.sort((a, b) => a.localeCompare(b)).map((kid) => ({ kind: 'key', kid, expires })),
    )
    const revoked = (await trail()).filter((line) => line.startsWith('key.revoked by operator'))
    assert.equal(revoked.length, 4)
  })

  it('are replaced for one algorithm only, if requested', async () => {
    await serve()
    const after = await replaceKeys('ES256', admin)
    assert.deepEqual(standing(after), ['ES256 active', 'EdDSA active', 'EdDSA next'])
  })

  it('do not change for an algorithm without keys, nor before the first start', async () => {
    await refused(rotateKeys(null, admin), 'not_found')
    await refused(replaceKeys(null, admin), 'not_found')
    await serve()
    await refused(rotateKeys('PS256', admin), 'not_found')
    await refused(replaceKeys('PS256', admin), 'not_found')
    assert.equal((await listKeys(admin)).length, 4)
  })

  it('do not change under another encryption key, whose seals no server could open', async () => {
    await serve()
    const before = await listKeys(admin)
    const stranger = { ...admin, sealingKey: new Uint8Array(32).fill(2) }
    await assert.rejects(rotateKeys(null, stranger), SealBroken)
    await assert.rejects(replaceKeys(null, stranger), SealBroken)
    assert.deepEqual(await listKeys(admin), before)
  })

  it('are replaced even if one of them cannot be opened, and then a server starts', async () => {
    await serve()
    await place.store.updateSigningKeys(([first, ...others]) => ({
      keys: [{ ...first, sealed: 'broken' } as SealedKey, ...others],
      audit: [],
    }))
    await assert.rejects(serve(), SealBroken)
    await replaceKeys(null, admin)
    await serve()
    const all = ['ES256 active', 'ES256 next', 'EdDSA active', 'EdDSA next']
    assert.deepEqual(standing(await listKeys(admin)), all)
  })
})
