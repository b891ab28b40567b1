/** Several stores with one writer in another process: what is shared, and what breaks. */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StoreDamaged, StoreUnavailable, StoreUnwritable } from '@modulariot/platform/storage'
import { pipeChannel } from '@modulariot/platform/testing/pipe-channel'
import { allAssets, assetOf, observationOf, TENANT } from '../conformance/samples.ts'
import type { Observation, TelemetryStore, Tenant } from '../store.ts'
import { type HostProcess, startHostProcess } from './host-process.fixture.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'
import { hostTelemetryWriter } from './writer-host.ts'

if (process.argv[3] !== undefined) await appendForever(process.argv[2] as string, process.argv[3])
else describe('SQLite: one writer of several processes', { timeout: 60_000 }, tests)

/** The worker that the test kills: reports each request id once it is acknowledged. */
async function appendForever(path: string, prefix: string): Promise<void> {
  const store = openSqliteTelemetryStore(path, { writer: pipeChannel(process, 'telemetry') })
  for (let index = 0; ; index++) {
    const request_id = `${prefix}-${index}`
    await store.append([observationOf({ request_id, asset_id: request_id })])
    process.send?.(request_id)
  }
}

/** SQLite refuses a fraction in an INTEGER column of a STRICT table. */
const unstorable = (): Observation => observationOf({ asset_id: 'bad', timestamp_ms: 0.5 })

/** The transactions in the log of the database: frames that end one have a size of the file. */
function commitsIn(path: string): number {
  const log = readFileSync(`${path}-wal`)
  const frame = 24 + log.readUInt32BE(8)
  const salt = log.subarray(16, 24)
  let commits = 0
  for (let at = 32; at + frame <= log.length; at += frame) {
    const isOfThisLog = log.subarray(at + 8, at + 16).equals(salt)
    if (isOfThisLog && log.readUInt32BE(at + 4) > 0) commits++
  }
  return commits
}

function tests(): void {
  let folder: string
  let path: string
  let host: HostProcess
  let stores: TelemetryStore[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'miot-'))
    path = join(folder, 'telemetry.db')
    host = startHostProcess()
    stores = []
  })
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await host.end()
    rmSync(folder, { recursive: true })
  })

  async function openStores(count: number, options = {}): Promise<TelemetryStore[]> {
    const opened = Array.from({ length: count }, () => host.openStore(path, options))
    stores.push(...(await Promise.all(opened)))
    return stores
  }

  /** Runs `work` while nothing can be written, until all it has sent is with the thread. */
  async function whileLocked<Result>(work: () => Promise<Result>): Promise<Result> {
    using holder = new DatabaseSync(path)
    holder.exec('BEGIN IMMEDIATE')
    const result = work()
    await host.call('sync', [])
    holder.exec('COMMIT')
    return result
  }

  const appendEach = (all: readonly TelemetryStore[], batchOf: (index: number) => Observation[]) =>
    Promise.allSettled(all.map((store, index) => store.append(batchOf(index))))

  it('writes what arrives during a transaction in one more, for all processes', async () => {
    const all = await openStores(6)
    await all[0]?.append([observationOf({ asset_id: 'first' })])
    const before = commitsIn(path)
    const settled = await whileLocked(() =>
      appendEach(all, (index) => [observationOf({ asset_id: `asset-${index}` })]),
    )
    assert.ok(settled.every(({ status }) => status === 'fulfilled'))
    const commits = commitsIn(path) - before
    assert.ok(commits <= 2, `${commits} transactions for 6 batches`)
    for (const store of all) assert.equal((await allAssets(store)).length, 7)
  })

  it('fails only the batch of the process that sent something that cannot be stored', async () => {
    const all = await openStores(5)
    await all[0]?.append([observationOf({ asset_id: 'first' })])
    const settled = await whileLocked(() =>
      appendEach(all, (index) => [
        observationOf({ asset_id: `asset-${index}` }),
        ...(index === 2 ? [unstorable()] : []),
      ]),
    )
    for (const [index, result] of settled.entries()) {
      if (index !== 2) assert.deepEqual(result, { status: 'fulfilled', value: ['stored'] })
      else {
        assert.ok(result.status === 'rejected' && !(result.reason instanceof StoreUnavailable))
        assert.match(result.reason.message, /timestamp_ms/)
      }
    }
    const found = (await allAssets(all[2] as TelemetryStore)).map(({ asset_id }) => asset_id)
    assert.deepEqual(found, ['asset-0', 'asset-1', 'asset-3', 'asset-4', 'first'])
  })

  it('keeps the order of one process', async () => {
    const [one, other] = (await openStores(2)) as [TelemetryStore, TelemetryStore]
    const appends = Array.from({ length: 20 }, (_, index) => [
      one.append([observationOf({ payload: `${index}` })]),
      other.append([observationOf({ asset_id: 'other' })]),
    ])
    await Promise.all(appends.flat())
    const { entries } = await other.readSince(TENANT, 0, 100)
    const payloads = entries.filter(({ asset_id }) => asset_id === 'truck')
    assert.deepEqual(
      payloads.map(({ payload }) => payload),
      Array.from({ length: 20 }, (_, index) => `${index}`),
    )
  })

  it('sets what is sent after a batch after it', async () => {
    const [store] = (await openStores(1)) as [TelemetryStore]
    const old = observationOf({ asset_id: 'old', timestamp_ms: 0 })
    const appended = store.append([old])
    const erased = store.eraseAsset(TENANT, 'old')
    assert.deepEqual(await appended, ['stored'])
    assert.notEqual(await erased, null)
    assert.equal(await store.findAsset(TENANT, 'old'), null)
  })

  it('wakes what watches at every other process, with the tenant', async () => {
    const [watching, storing, quiet] = (await openStores(3)) as TelemetryStore[] as [
      TelemetryStore,
      TelemetryStore,
      TelemetryStore,
    ]
    const heard: (Tenant | null)[] = []
    let wake = (): void => {}
    const next = () => new Promise<void>((resolve) => (wake = resolve))
    const listen = (tenant: Tenant | null): void => {
      heard.push(tenant)
      wake()
    }
    const followed = next()
    let end = watching.watch(listen)
    // The host remembers from here on.
    await followed
    const wakened = next()
    const sandbox: Tenant = { org_id: 'org_2', environment: 'development' }
    await storing.append([observationOf(sandbox), observationOf(sandbox)])
    await wakened
    assert.deepEqual(heard, [null, sandbox])
    await watching.append([observationOf()])
    assert.deepEqual(heard, [null, sandbox, TENANT], 'its own are known without the host')
    end()
    await storing.append([observationOf()])
    await quiet.append([observationOf()])
    assert.equal(heard.length, 3)
    // Again, after it had stopped.
    const again = next()
    end = watching.watch(listen)
    await again
    const last = next()
    await quiet.append([observationOf(sandbox)])
    await last
    assert.deepEqual(heard.slice(3), [null, sandbox])
    end()
  })

  it('whose thread is killed rejects what is pending, and starts again', async () => {
    const all = await openStores(3)
    await all[0]?.append([observationOf({ asset_id: 'first' })])
    using holder = new DatabaseSync(path)
    holder.exec('BEGIN IMMEDIATE')
    const pending = appendEach(all, (index) => [observationOf({ asset_id: `lost-${index}` })])
    await host.call('sync', [])
    const killed = host.call('killThreads', [])
    holder.exec('COMMIT')
    assert.equal(await killed, 1)
    const acknowledged: string[] = ['first']
    for (const [index, result] of (await pending).entries()) {
      if (result.status === 'fulfilled') acknowledged.push(`lost-${index}`)
      else {
        assert.ok(result.reason instanceof StoreUnavailable)
        assert.match(result.reason.message, /the writer stopped/)
      }
    }
    const next = await appendEach(all, (index) => [observationOf({ asset_id: `next-${index}` })])
    for (const result of next) assert.equal(result.status, 'fulfilled')
    for (const asset_id of acknowledged) await assetOf(all[1] as TelemetryStore, asset_id)
  })

  it('that is killed loses nothing acknowledged, and leaves calls that fail', async () => {
    const [one, other] = (await openStores(2)) as [TelemetryStore, TelemetryStore]
    const acknowledged: string[] = []
    async function appendUntilRefused(store: TelemetryStore, prefix: string): Promise<unknown> {
      for (let index = 0; ; index++) {
        const asset_id = `${prefix}-${index}`
        try {
          await store.append([observationOf({ asset_id })])
        } catch (error) {
          return error
        }
        acknowledged.push(asset_id)
        if (acknowledged.length === 40) host.process.kill('SIGKILL')
      }
    }
    const errors = await Promise.all([appendUntilRefused(one, 'a'), appendUntilRefused(other, 'b')])
    for (const error of errors) assert.ok(error instanceof StoreUnavailable)
    await assert.rejects(one.append([observationOf()]), StoreUnavailable)
    await assert.rejects(other.setRetention('org_1', 1), StoreUnavailable)
    const found = new Set((await allAssets(one)).map(({ asset_id }) => asset_id))
    assert.deepEqual(
      acknowledged.filter((id) => !found.has(id)),
      [],
    )
  })

  it('answers that the disk is full, to every process', async () => {
    const all = await openStores(2, { maxPages: 120 })
    const filler = 'x'.repeat(3000)
    const fill = () =>
      appendEach(all, () => [observationOf({ payload: JSON.stringify({ filler }) })])
    let full: PromiseRejectedResult[] = []
    for (let round = 0; full.length < 2; round++) {
      assert.ok(round < 1000, 'the disk gets full')
      full = (await fill()).filter((result) => result.status === 'rejected')
    }
    for (const [index, { reason }] of full.entries()) {
      assert.ok(reason instanceof StoreUnavailable)
      assert.match(reason.message, /full/)
      const store = all[index] as TelemetryStore
      await assert.rejects(store.ping(), StoreUnwritable)
      assert.equal(store.isWritable(), false)
    }
  })

  it('answers that the file is damaged, to every process', async () => {
    const [first] = (await openStores(1)) as [TelemetryStore]
    await first.append([observationOf()])
    await first.close()
    await host.call('closeWriter', [path])
    damageAssets()
    for (const store of (await openStores(2)).slice(1)) {
      const append = store.append([observationOf({ asset_id: 'more' })])
      await assert.rejects(append, StoreDamaged)
      await assert.rejects(store.ping(), StoreDamaged)
    }
  })

  /** Overwrites the first page of a table. */
  function damageAssets(): void {
    const database = new DatabaseSync(path)
    const root = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'assets'`)
    const { rootpage } = root.get() as { rootpage: number }
    database.close()
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, (rootpage - 1) * 4096)
    closeSync(file)
  }

  it('goes on when a process dies, and keeps all that it was told is stored', async () => {
    const program = fileURLToPath(import.meta.url)
    const writer = hostTelemetryWriter({ path })
    const [dying, other] = ['dying', 'other'].map((prefix) => {
      const child = fork(program, [path, prefix], { serialization: 'advanced' })
      writer.connect(pipeChannel(child, 'telemetry'))
      return child
    }) as [ChildProcess, ChildProcess]
    const acknowledged = new Set<string>()
    dying.on('message', (message) => {
      if (typeof message !== 'string') return
      acknowledged.add(message)
      if (acknowledged.size === 10) dying.kill('SIGKILL')
    })
    await once(dying, 'exit')
    // Further reports of the other are acknowledged.
    for (let more = 0; more < 3; ) {
      const [message] = await once(other, 'message')
      if (typeof message !== 'string') continue
      acknowledged.add(message)
      more++
    }
    other.kill('SIGKILL')
    await once(other, 'exit')
    await writer.close()
    const store = openSqliteTelemetryStore(path)
    stores.push(store)
    const found = new Set((await allAssets(store)).map(({ asset_id }) => asset_id))
    assert.deepEqual(
      [...acknowledged].filter((id) => !found.has(id)),
      [],
    )
  })
}
