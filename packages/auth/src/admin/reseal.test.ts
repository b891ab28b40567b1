import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { checkTrail, readBase, takeCheckpoint } from '../audit/check-trail.ts'
import { createCheckpointSigner, type SignedCheckpoint } from '../audit/checkpoint.ts'
import { createInstallationSigner } from '../audit/installation-signer.ts'
import { digestKeyId } from '../keys/digest-keys.ts'
import { EncryptionKeys } from '../keys/encryption-keys.ts'
import { newKey } from '../keys/new-key.ts'
import { deriveInstallationKeys, unseal } from '../keys/sealing.ts'
import { API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import { createClient } from './clients.ts'
import { cutTrail } from './cut-trail.ts'
import { remainingSecrets, resealSigningKeys } from './reseal.ts'

const ISSUER = 'https://auth.example'
const [FORMER, NEW, NEWEST] = [1, 2, 3].map((byte) =>
  deriveInstallationKeys(new Uint8Array(32).fill(byte)),
) as [Keys, Keys, Keys]
type Keys = ReturnType<typeof deriveInstallationKeys>
const CHANGE = { from: FORMER, to: NEW, issuer: ISSUER }

let place: Installation
beforeEach(async () => {
  place = await openInstallation()
  const keys = [await newKey('ES256', FORMER.sealing, 0), await newKey('EdDSA', FORMER.sealing, 1)]
  await place.store.updateSigningKeys(() => ({ keys, audit: [] }))
})
afterEach(() => place.close())

const operatorWith = ({ secretDigest: digestKey }: Keys) => ({ ...place.operator, digestKey })

async function opensAllWith({ sealing }: Keys): Promise<boolean> {
  const keys = await place.store.listSigningKeys()
  const opened = await Promise.allSettled(keys.map((key) => unseal(key.sealed, key.kid, sealing)))
  return opened.every(({ status }) => status === 'fulfilled')
}

async function changes(): Promise<unknown[]> {
  const rows = await place.store.listAudit({ before: null, limit: 100 })
  const entries = rows.map(({ entry }) => JSON.parse(entry))
  return entries.filter(({ action }) => action === 'encryption_key.changed')
}

async function signerOf({ checkpoint }: Keys) {
  return createCheckpointSigner(checkpoint, ISSUER, await place.store.listFormerCheckpointKeys())
}

const addClient = (keys: Keys, name: string) =>
  createClient({ name, grants: [{ audience: API }], ...place.acme }, operatorWith(keys))

describe('resealing the signing keys', () => {
  it('seals all with the new key, once, and records it without a key', async () => {
    assert.deepEqual(await resealSigningKeys(CHANGE, place.operator), { resealed: 2, total: 2 })
    assert.ok(await opensAllWith(NEW))
    assert.deepEqual(await resealSigningKeys(CHANGE, place.operator), { resealed: 0, total: 2 })
    const [change, ...more] = (await changes()) as Record<string, Record<string, unknown>>[]
    assert.deepEqual(more, [])
    assert.equal(change?.after?.key, digestKeyId(NEW.secretDigest))
    const text = JSON.stringify(change)
    for (const secret of [FORMER, NEW].flatMap((keys) => Object.values(keys) as Uint8Array[])) {
      assert.ok(!text.includes(Buffer.from(secret).toString('base64url')))
    }
  })

  it('is whole when two run at once', async () => {
    const both = [1, 2].map(() => resealSigningKeys(CHANGE, place.operator))
    await Promise.all(both)
    assert.ok(await opensAllWith(NEW))
    assert.equal((await changes()).length, 1)
  })

  it('finishes what was added under the former key in between', async () => {
    await resealSigningKeys(CHANGE, place.operator)
    const late = await newKey('RS256', FORMER.sealing, 2)
    await place.store.updateSigningKeys((keys) => ({ keys: [...keys, late], audit: [] }))
    assert.deepEqual(await resealSigningKeys(CHANGE, place.operator), { resealed: 1, total: 3 })
    assert.ok(await opensAllWith(NEW))
    assert.equal((await place.store.listFormerCheckpointKeys()).length, 1)
  })

  it('changes nothing when a key opens with neither, or the store fails', async () => {
    const wrong = { ...CHANGE, from: NEWEST }
    await assert.rejects(resealSigningKeys(wrong, place.operator), /opens neither.*nothing was/)
    const updateSigningKeys = () => Promise.reject(new StoreUnavailable('disk'))
    const store = { ...place.store, updateSigningKeys }
    await assert.rejects(resealSigningKeys(CHANGE, { ...place.operator, store }), StoreUnavailable)
    assert.ok(await opensAllWith(FORMER))
    assert.deepEqual(await changes(), [])
  })

  it('changes nothing when such an instance starts after it looked', async () => {
    const key_ids = [digestKeyId(FORMER.secretDigest)]
    const late = { instance_id: 'late', name: 'late', until: place.clock.now / 1000 + 60, key_ids }
    const listInstances = async () => {
      await place.store.announceInstance(late)
      return []
    }
    const store = { ...place.store, listInstances }
    await assert.rejects(resealSigningKeys(CHANGE, { ...place.operator, store }), {
      code: 'conflict',
      message: /do not know the new key: late\. Restart each/,
    })
    assert.ok(await opensAllWith(FORMER))
    assert.deepEqual(await changes(), [])
  })

  it('waits for instances that do not know the new key', async () => {
    const until = place.clock.now / 1000 + 60
    const announce = (name: string, ...keys: Keys[]) =>
      place.store.announceInstance({
        ...{ instance_id: name, name, until },
        key_ids: keys.map(({ secretDigest }) => digestKeyId(secretDigest)),
      })
    await announce('ready', FORMER, NEW)
    await announce('late', FORMER)
    await assert.rejects(resealSigningKeys(CHANGE, place.operator), {
      code: 'conflict',
      message: /do not know the new key: late\. Restart each/,
    })
    assert.ok(await opensAllWith(FORMER))
    place.clock.now += 60_000
    await resealSigningKeys(CHANGE, place.operator)
  })
})

describe('secrets that remain under the former key', () => {
  it('are listed until they move, rotate or end; later ones are under the new key', async () => {
    const before = await addClient(FORMER, 'Before')
    await addClient(NEW, 'After')
    const [secret] = before.client.secrets
    const remaining = await remainingSecrets(CHANGE, place.operator)
    const { client_id } = before.client
    assert.deepEqual(remaining, [
      {
        ...{ client_id, client_name: 'Before', secret_id: secret?.secret_id, label: 'first' },
        last_used_at: null,
      },
    ])
  })

  it('are marked where an earlier version did not name their key', async () => {
    const { client } = await addClient(FORMER, 'Old')
    await place.store.updateClient(client.client_id, (current) => ({
      value: {
        ...current,
        secrets: current.secrets.map(({ digest_key: _, ...secret }) => secret),
      },
      audit: {
        ...{ at: '', actor: { kind: 'system' }, action: 'client.updated', before: null },
        ...{ target: { type: 'client', id: client.client_id }, org_id: null, environment: null },
        ...{ address: null, request_id: null, idempotency: null, after: null },
      },
    }))
    const read: number[] = []
    const list = () => remainingSecrets(CHANGE, place.operator, (clients) => read.push(clients))
    assert.equal((await list()).length, 1)
    const stored = await place.store.findClient(client.client_id)
    assert.equal(stored?.secrets[0]?.digest_key, digestKeyId(FORMER.secretDigest))
    assert.deepEqual(await list(), await list())
    assert.deepEqual(read, [1, 1, 1])
  })
})

describe('checkpoints from before a change', () => {
  it('stay valid through any number of changes, but not for rows after their own', async () => {
    const former = await signerOf(FORMER)
    const head = await place.store.listAudit({ before: null, limit: 1 })
    const { seq, hash } = head[0] as { seq: number; hash: string }
    const at = new Date(place.clock.now).toISOString()
    const early = await former.sign('head', { at, seq, hash, first_seq: 1 })
    const later = await former.sign('head', { at, seq: seq + 1, hash, first_seq: 1 })
    await resealSigningKeys(CHANGE, place.operator)
    await resealSigningKeys({ from: NEW, to: NEWEST, issuer: ISSUER }, place.operator)
    const newest = await signerOf(NEWEST)
    assert.equal((await newest.verify('head', early.checkpoint)).seq, seq)
    await assert.rejects(newest.verify('head', later.checkpoint), {
      message: new RegExp(`is of row ${seq + 1}, but its key .* was replaced after row ${seq}`),
    })
    await assert.rejects((await signerOf(FORMER)).verify('head', newest.kid), { message: /JWS/ })
  })

  it('stay valid when another instance signs one while the key changes', async () => {
    const other = await signerOf(FORMER)
    let between: SignedCheckpoint | null = null
    const updateSigningKeys: typeof place.store.updateSigningKeys = async (update) => {
      if (between === null) {
        await addClient(FORMER, 'In between')
        between = await takeCheckpoint(place.store, other, place.clock.now)
      }
      return place.store.updateSigningKeys(update)
    }
    const store = { ...place.store, updateSigningKeys }
    const result = await resealSigningKeys(CHANGE, { ...place.operator, store })
    assert.deepEqual(result, { resealed: 2, total: 2 })
    const { seq, checkpoint } = between as unknown as SignedCheckpoint
    assert.equal((await (await signerOf(NEW)).verify('head', checkpoint)).seq, seq)
    assert.equal((await changes()).length, 1)
  })

  it('are signed with the new key by an instance that has not heard of the change', async () => {
    const encryptionKeys = new EncryptionKeys(FORMER, NEW)
    const { store } = place
    const other = await createInstallationSigner({ encryptionKeys, issuer: ISSUER, store })
    await resealSigningKeys(CHANGE, place.operator)
    const { checkpoint } = await takeCheckpoint(store, other, place.clock.now)
    assert.ok((await (await signerOf(NEW)).verify('head', checkpoint)).seq > 0)
  })

  it('cannot be extended by a former key that has leaked', async () => {
    await resealSigningKeys(CHANGE, place.operator)
    const forger = await createCheckpointSigner(NEWEST.checkpoint, ISSUER)
    const leaked = await signerOf(FORMER)
    const voucher = await leaked.vouchFor(forger.publicKey, 1_000_000)
    await place.store.updateSigningKeys((keys) => ({
      ...{ keys, audit: [] },
      formerCheckpointKey: { kid: forger.kid, presentKid: 'none', voucher, base: null },
    }))
    const at = new Date(place.clock.now).toISOString()
    const place_ = { at, seq: 1, hash: '0'.repeat(64), first_seq: 2 }
    const forged = await forger.sign('base', place_)
    await assert.rejects((await signerOf(NEW)).verify('base', forged.checkpoint), {
      message: /comes from another installation/,
    })
  })

  it('do not excuse the removal of rows by a former key that has leaked', async () => {
    const leaked = await signerOf(FORMER)
    const [row] = await place.store.listAudit({ before: null, limit: 1 })
    const { seq, hash } = row as { seq: number; hash: string }
    await resealSigningKeys(CHANGE, place.operator)
    const at = new Date(place.clock.now).toISOString()
    const forged = await leaked.sign('base', { at, seq, hash, first_seq: seq + 1 })
    await assert.rejects((await signerOf(NEW)).verify('base', forged.checkpoint), {
      message: /comes from another installation/,
    })
  })

  it('include the base of a trail that was cut', async () => {
    place.clock.now += 86_400_000
    const options = { days: 0.5, signer: await signerOf(FORMER), known: [] }
    assert.ok(await cutTrail(options, place.operator))
    await resealSigningKeys(CHANGE, place.operator)
    const signer = await signerOf(NEW)
    assert.equal((await checkTrail(place.store, signer)).ok, true)
    assert.ok(((await readBase(place.store, signer))?.seq ?? 0) > 0)
  })
})
