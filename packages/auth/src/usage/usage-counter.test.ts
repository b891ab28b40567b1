import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { localPeers, type Peers } from '@modulariot/platform/peers'
import { addUsage, isWasteful, noUsage, type UsageBatch, wasteOf } from '../records/usage.ts'
import { UsageCounter } from './usage-counter.ts'

let now: number
let batches: UsageBatch[]
let failing: boolean
let errors: unknown[]
let counter: UsageCounter

beforeEach(() => {
  now = 1_800_000_000_000
  batches = []
  failing = false
  errors = []
  counter = new UsageCounter({
    store: {
      async addUsage(batch) {
        if (failing) throw new Error('disk full')
        batches.push(batch)
      },
    },
    onError: (error) => errors.push(error),
  })
})
afterEach(() => counter.close())

function issue(client_id = 'client', address = '192.0.2.1', scopes = ['read']): void {
  counter.tokenIssued({ client_id, audience: 'api', scopes, lifetimeSeconds: 86_400, address }, now)
}

const written = () => batches.flatMap(({ clients }) => clients)

describe('the usage counter', () => {
  it('writes many tokens as one row for each client', async () => {
    for (let issued = 0; issued < 1000; issued++) issue()
    await counter.flush()
    assert.equal(batches.length, 1)
    assert.equal(written()[0]?.tokens_issued, 1000)
    await counter.flush()
    assert.equal(batches.length, 1, 'nothing to write, nothing written')
  })

  it('writes neighbours together, however random the order of the logins', async () => {
    const ids = Array.from({ length: 3000 }, (_, number) => `client_${(number * 1237) % 3000}`)
    for (const client_id of ids) issue(client_id)
    await counter.flush()
    const ends = batches.map(({ clients }) => [clients[0]?.client_id, clients.at(-1)?.client_id])
    assert.equal(ends.length, 3)
    assert.deepEqual(ends.toReversed().flat(), ends.flat().sort())
  })

  it('counts a token as early while the previous one has more than half of its life left', () => {
    issue()
    issue()
    assert.equal(counter.totals().tokens_early, 1)
    now += 43_200_000
    issue()
    assert.equal(counter.totals().tokens_early, 1)
  })

  it('keeps other addresses, audiences and scopes separate', () => {
    issue()
    issue('client', '192.0.2.2')
    issue('client', '192.0.2.1', ['write'])
    issue('other')
    assert.equal(counter.totals().tokens_early, 0)
  })

  it('keeps a few tokens for each device, and no more', () => {
    const needs = Array.from({ length: 16 }, (_, index) => [`scope-${index}`])
    for (const scopes of needs) issue('client', '192.0.2.1', scopes)
    for (const scopes of needs) issue('client', '192.0.2.1', scopes)
    assert.equal(counter.totals().tokens_early, 16)
    issue('client', '192.0.2.1', ['one', 'more'])
    issue('client', '192.0.2.1', needs[0])
    assert.equal(counter.totals().tokens_early, 16, 'what was asked for first is forgotten')
  })

  it('keeps counts the store does not accept, and writes them later', async () => {
    failing = true
    for (let client = 0; client < 2500; client++) issue(`client_${client}`)
    await counter.flush()
    assert.equal(errors.length, 1)
    failing = false
    issue('client_7')
    await counter.flush()
    assert.equal(written().length, 2500)
    const total = written().reduce((sum, { tokens_issued }) => sum + tokens_issued, 0)
    assert.equal(total, 2501)
    assert.ok(batches.every(({ clients }) => clients.length <= 1000))
  })

  it('records when, from which address and by which user agent a secret was last used', async () => {
    const owned = { client_id: 'client', secret_id: 'secret' }
    const use = { ...owned, address: '192.0.2.1', user_agent: 'old' }
    counter.secretUsed(use, now)
    now += 1000
    counter.secretUsed({ ...use, address: '192.0.2.2', user_agent: 'new\u009b31m' }, now)
    await counter.close()
    assert.deepEqual(
      batches.flatMap(({ secrets }) => secrets),
      [
        {
          ...owned,
          uses: 2,
          last_used_at: new Date(now).toISOString(),
          address: '192.0.2.2',
          user_agent: 'new?31m',
        },
      ],
    )
  })

  it('counts the logins from each address, and keeps what the store does not accept', async () => {
    const from = (address: string) => counter.loggedIn({ client_id: 'client', address }, now)
    from('192.0.2.1')
    now += 5000
    from('192.0.2.1')
    failing = true
    await counter.flush()
    failing = false
    now -= 60_000
    from('192.0.2.1')
    from('2001:db8::1')
    await counter.flush()
    const seconds = now / 1000
    const first = { client_id: 'client', address: '192.0.2.1', logins: 3 }
    const second = { client_id: 'client', address: '2001:db8::1', logins: 1 }
    assert.deepEqual(
      batches.flatMap(({ addresses }) => addresses),
      [
        { ...first, first_seen: seconds, last_seen: seconds + 60 },
        { ...second, first_seen: seconds, last_seen: seconds },
      ],
    )
  })

  it('writes the last 50 addresses of a client that comes from thousands', async () => {
    for (let host = 0; host < 5000; host++) {
      now += 1000
      counter.loggedIn({ client_id: 'fleet', address: `address ${host}` }, now)
    }
    counter.loggedIn({ client_id: 'other', address: 'address 1' }, now)
    await counter.flush()
    const addresses = batches.flatMap((batch) => batch.addresses ?? [])
    assert.equal(addresses.length, 51)
    const oldest = Math.min(...addresses.map(({ last_seen }) => last_seen))
    assert.equal(oldest, now / 1000 - 49)
  })

  it('keeps the latest use when the clock steps back', async () => {
    const use = { client_id: 'client', secret_id: 'secret', user_agent: null }
    counter.secretUsed({ ...use, address: '192.0.2.1' }, now)
    const latest = new Date(now).toISOString()
    now -= 5000
    counter.secretUsed({ ...use, address: '192.0.2.2' }, now)
    await counter.flush()
    const [secret] = batches.flatMap(({ secrets }) => secrets)
    assert.equal(secret?.uses, 2)
    assert.equal(secret?.last_used_at, latest)
    assert.equal(secret?.address, '192.0.2.1')
  })

  it('stays bounded while the store does not answer', async () => {
    failing = true
    for (let client = 0; client < 100_000; client++) issue(`client_${client}`)
    await counter.flush()
    assert.ok(counter.size <= 50_000 + 20_000)
    assert.equal(counter.totals().dropped, 50_000)
    failing = false
  })
})

describe('usage counters of several processes', () => {
  const TOKEN = { audience: 'api', scopes: ['read', 'write'], lifetimeSeconds: 86_400 }

  function countersOf(peers: readonly Peers[]): UsageCounter[] {
    const store = {
      async addUsage(batch: UsageBatch) {
        batches.push(batch)
      },
    }
    const onError = (error: unknown) => assert.fail(String(error))
    return peers.map((peer) => new UsageCounter({ store, onError, peers: peer }))
  }
  const writtenFor = (client_id: string) =>
    written()
      .filter((usage) => usage.client_id === client_id)
      .reduce(addUsage, noUsage(client_id))

  it('see a client that does not cache, although it logs in at another one each time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (const client_id of ['one', 'two', 'three', 'four']) {
      const counters = countersOf(localPeers(3))
      for (let turn = 0; turn < 9; turn++) {
        counters[turn % 3]?.tokenIssued({ ...TOKEN, client_id, address: '192.0.2.1' }, now)
        t.mock.timers.tick(100)
      }
      await Promise.all(counters.map((one) => one.close()))
      const usage = writtenFor(client_id)
      assert.deepEqual([usage.tokens_issued, usage.tokens_early], [9, 8])
      assert.ok(isWasteful(wasteOf(usage, now / 1000)))
      const totals = counters.map((one) => one.totals())
      assert.equal(
        totals.reduce((sum, one) => sum + one.tokens_issued, 0),
        9,
      )
      assert.equal(
        totals.reduce((sum, one) => sum + one.tokens_early, 0),
        8,
      )
    }
  })

  it('count what one process would, wherever a fleet logs in', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const seen: unknown[] = []
    for (const processes of [1, 2, 3]) {
      const counters = countersOf(localPeers(processes))
      let at = now
      for (let login = 0; login < 2000; login++) {
        const client_id = `client_${login % 7}`
        const address = `192.0.2.${login % 5}`
        const scopes = login % 3 === 0 ? ['read'] : ['read', 'write']
        const counter = counters[(login * 7919) % processes]
        counter?.tokenIssued({ ...TOKEN, scopes, client_id, address }, at)
        at += 60_000
        t.mock.timers.tick(100)
      }
      await Promise.all(counters.map((one) => one.close()))
      seen.push(Array.from({ length: 7 }, (_, index) => writtenFor(`client_${index}`)))
      batches = []
    }
    assert.deepEqual(seen[1], seen[0])
    assert.deepEqual(seen[2], seen[0])
  })

  it('tell each token to one other process at most, many at once', async () => {
    const peers = localPeers(3)
    const told: unknown[][] = []
    for (const peer of peers.slice(1)) {
      peer.listen('issued tokens', (tokens) => told.push(tokens as unknown[]))
    }
    const [one] = countersOf(peers.slice(0, 1))
    for (let login = 0; login < 300; login++) {
      one?.tokenIssued({ ...TOKEN, client_id: `client_${login}`, address: '192.0.2.1' }, now)
    }
    await one?.close()
    const tokens = told.flat().length
    assert.ok(tokens > 150 && tokens < 250, `${tokens} of 300`)
    assert.equal(told.length, 2)
  })
})
