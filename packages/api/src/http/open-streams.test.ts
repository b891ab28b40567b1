import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { localPeers } from '@modulariot/platform/peers'
import { OpenStreams, STREAM_LIMITS } from './open-streams.ts'

const READER = { org_id: 'acme', environment: 'production', client_id: 'one' } as const
const good = async (): Promise<boolean> => true

describe('OpenStreams', () => {
  it('ends a stream opened after endAll, and keeps no slot for it', () => {
    const streams = new OpenStreams()
    const early = streams.open(READER, good)
    streams.endAll()
    const late = streams.open(READER, good)
    for (const { signal } of [early, late]) assert.equal(signal.reason, 'shutdown')
    assert.equal(streams.size, 0)
  })

  it('ends only the streams whose token is no longer valid, within half a second', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const streams = new OpenStreams()
    let revoked = false
    const one = streams.open(READER, async () => !revoked)
    const other = streams.open(READER, good)
    t.mock.timers.tick(500)
    await setImmediate()
    assert.equal(one.signal.aborted, false)
    revoked = true
    t.mock.timers.tick(500)
    await setImmediate()
    assert.equal(one.signal.reason, 'token')
    assert.equal(other.signal.aborted, false)
    assert.equal(streams.size, 1)
  })

  it('does not wait for a check that hangs, and does not repeat it', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const streams = new OpenStreams()
    let hanging = 0
    let checks = 0
    streams.open(READER, () => {
      hanging++
      return new Promise(() => {})
    })
    streams.open(READER, async () => {
      checks++
      return true
    })
    for (let tick = 0; tick < 3; tick++) {
      t.mock.timers.tick(250)
      await setImmediate()
    }
    assert.deepEqual([hanging, checks], [1, 3])
  })

  it('checks no token while no stream is open', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const streams = new OpenStreams()
    let checks = 0
    const isTokenValid = async (): Promise<boolean> => {
      checks++
      return true
    }
    streams.open(READER, isTokenValid).close()
    t.mock.timers.tick(1000)
    assert.equal(checks, 0)
    streams.open(READER, isTokenValid)
    t.mock.timers.tick(250)
    assert.equal(checks, 1)
  })

  it('leaves most of a tenant’s streams to its other clients', () => {
    const { maxPerTenant, maxPerClient } = STREAM_LIMITS
    const streams = new OpenStreams()
    const openAll = (client_id: string): number => {
      let opened = 0
      for (; opened <= maxPerTenant; opened++) {
        try {
          streams.open({ ...READER, client_id }, good)
        } catch {
          break
        }
      }
      return opened
    }
    assert.ok(maxPerClient <= maxPerTenant / 5)
    assert.equal(openAll('one'), maxPerClient)
    assert.equal(openAll('two'), maxPerClient)
    assert.equal(streams.size, 2 * maxPerClient)
  })

  it('limits the streams of all processes together', () => {
    const limits = { max: 9, maxPerTenant: 6, maxPerClient: 3 }
    const all = localPeers(3).map((peers) => new OpenStreams(limits, peers))
    /** Opens streams in turns of the processes until one is refused by all. */
    function openAll(reader: Parameters<OpenStreams['open']>[0]) {
      const opened: ReturnType<OpenStreams['open']>[] = []
      for (let attempt = 0; attempt < 30; attempt++) {
        try {
          opened.push((all[attempt % 3] as OpenStreams).open(reader, good))
        } catch (error) {
          assert.equal((error as { status: number }).status, 429)
        }
      }
      return opened
    }
    const first = openAll({ ...READER, client_id: 'one' })
    const counts = ['two', 'three'].map((client_id) => openAll({ ...READER, client_id }).length)
    const others = openAll({ ...READER, org_id: 'other', client_id: 'one' })
    const [third] = ['four'].map((client_id) => openAll({ ...READER, org_id: 'third', client_id }))
    assert.deepEqual([first.length, ...counts, others.length, third?.length], [3, 3, 0, 3, 0])
    assert.deepEqual(
      all.map(({ size }) => size),
      [3, 3, 3],
    )
    // Each is counted once, however often it is closed.
    first[0]?.end('slow')
    first[0]?.close()
    assert.equal(openAll({ ...READER, org_id: 'third', client_id: 'four' }).length, 1)
  })
})
