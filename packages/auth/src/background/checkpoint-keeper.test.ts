import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createOrganization } from '../admin/installation.ts'
import { checkTrail } from '../audit/check-trail.ts'
import { createCheckpointSigner, type SignedCheckpoint } from '../audit/checkpoint.ts'
import { newClient, newOrganization } from '../store/conformance/samples.ts'
import type { AuthStore } from '../store/store.ts'
import { type Installation, openInstallation } from '../testing/sample-installation.ts'
import {
  cutWhenDue,
  type KeeperOptions,
  keepCheckpoint,
  knownHeads,
  startCheckpoints,
} from './checkpoint-keeper.ts'

const DAY_MS = 86_400_000
const signer = await createCheckpointSigner(new Uint8Array(32), 'https://auth.example')

let place: Installation
let kept: SignedCheckpoint[]
let errors: string[]
/** Resolves at the next checkpoint or error. */
let happened: PromiseWithResolvers<void>
let options: KeeperOptions

beforeEach(async () => {
  place = await openInstallation()
  kept = []
  errors = []
  happened = Promise.withResolvers()
  options = {
    store: place.store,
    signer,
    archive: {
      read: () => kept.map(({ checkpoint }) => checkpoint),
      keep(checkpoint) {
        kept.push(checkpoint)
        happened.resolve()
      },
    },
    retentionDays: null,
    digestKey: new Uint8Array(32),
    now: () => place.clock.now,
    onError(error) {
      errors.push((error as Error).message)
      happened.resolve()
    },
    firstAfterMs: 0,
    intervalMs: 5,
  }
})
afterEach(() => place.close())

const seqs = (): number[] => kept.map(({ seq }) => seq)
const grow = () => createOrganization('One more', place.operator)
const newestAction = async (store: AuthStore): Promise<string> => {
  const [row] = await store.listAudit({ before: null, limit: 1 })
  return JSON.parse(row?.entry ?? '{}').action
}

describe('the checkpoint keeper', () => {
  it('keeps one checkpoint for each head', async () => {
    await keepCheckpoint(options)
    await keepCheckpoint(options)
    await grow()
    await keepCheckpoint(options)
    assert.deepEqual([seqs(), errors], [[4, 5], []])
    const known = await knownHeads(options.archive.read(), signer)
    const verdict = await checkTrail(place.store, signer, known)
    assert.deepEqual(verdict.ok && [verdict.compared, verdict.head?.seq], [2, 5])
  })

  it('runs by itself, repeatedly, and once more at the end', async () => {
    const stop = startCheckpoints(options)
    await happened.promise
    happened = Promise.withResolvers()
    await grow()
    await happened.promise
    await stop()
    assert.deepEqual([seqs(), errors], [[4, 5], []])
    const idle = startCheckpoints({ ...options, firstAfterMs: 3_600_000 })
    await grow()
    await idle()
    assert.deepEqual([seqs(), errors], [[4, 5, 6], []])
  })

  it('reports a trail that contradicts the newest checkpoint once, and keeps the evidence', async () => {
    const elsewhere = await openInstallation()
    await grow()
    await keepCheckpoint(options)
    const other = { ...options, store: elsewhere.store }
    await keepCheckpoint(other)
    await keepCheckpoint(other)
    assert.equal(errors.length, 1)
    assert.match(errors[0] ?? '', /^Row 5 of the audit trail differs from the checkpoint of 2026-/)
    assert.deepEqual(seqs(), [5, 4])
    const known = await knownHeads(options.archive.read(), signer)
    assert.equal((await checkTrail(elsewhere.store, signer, known)).ok, false)
    await elsewhere.close()
  })

  it('continues while the archive or the store is unavailable', async () => {
    const fault = new Error('away')
    const away = { ...place.store, listAudit: () => Promise.reject(fault) } as AuthStore
    const stop = startCheckpoints({ ...options, store: away })
    await happened.promise
    await stop()
    assert.ok(errors.every((message) => message === 'away') && errors.length > 1, errors.join())
  })
})

describe('the retention of the trail', () => {
  /** One round, until it has kept its checkpoint and ended. */
  async function round(retentionDays: number | null): Promise<void> {
    const done = Promise.withResolvers<void>()
    const stop = startCheckpoints({
      ...options,
      retentionDays,
      onError: (error) => done.reject(error),
      intervalMs: 3_600_000,
      store: {
        ...place.store,
        cutAudit: async (cut) => {
          const result = await place.store.cutAudit(cut)
          setImmediate(done.resolve)
          return result
        },
      },
    })
    if (retentionDays === null) await happened.promise
    else await done.promise
    await stop()
  }

  it('is unlimited by default', async () => {
    place.clock.now += 10_000 * DAY_MS
    await round(null)
    assert.equal((await place.store.readAudit({ after: 0, limit: 1 }))[0]?.seq, 1)
    assert.equal(await place.store.readAuditBase(), null)
  })

  it('cuts older entries, records that, and leaves a trail that verifies', async () => {
    place.clock.now += 20 * DAY_MS
    await grow()
    place.clock.now += 15 * DAY_MS
    await round(30)
    assert.equal((await place.store.readAudit({ after: 0, limit: 1 }))[0]?.seq, 5)
    assert.equal(await newestAction(place.store), 'trail.cut')
    const known = await knownHeads(options.archive.read(), signer)
    const verdict = await checkTrail(place.store, signer, known)
    assert.deepEqual(verdict.ok && [verdict.head?.seq, errors], [6, []])
    assert.equal(kept.at(-1)?.first_seq, 5)
  })

  it('cuts at most once a day', async () => {
    const due = () => cutWhenDue({ ...options, retentionDays: 0.25 })
    const firstSeq = async () => (await place.store.readAudit({ after: 0, limit: 1 }))[0]?.seq
    place.clock.now += DAY_MS
    await due()
    assert.equal(await firstSeq(), 5)
    place.clock.now += DAY_MS - 1
    await due()
    assert.equal(await firstSeq(), 5, 'too old, but not due')
    place.clock.now += 1
    await due()
    assert.equal(await firstSeq(), 6)
  })

  it('cuts a long trail in pieces, each with a base and an entry', async () => {
    const long = Array.from({ length: 1100 }, (_, index) => newClient(`client_${index}`))
    await place.store.createOrganization(newOrganization())
    await place.store.createClients(long)
    place.clock.now += 400 * DAY_MS
    await cutWhenDue({ ...options, retentionDays: 365 })
    const rows = await place.store.readAudit({ after: 0, limit: 10 })
    assert.deepEqual(
      rows.map(({ entry }) => JSON.parse(entry).after.first_seq),
      [501, 1001, 1106],
    )
    assert.equal((await checkTrail(place.store, signer)).ok, true)
  })
})
