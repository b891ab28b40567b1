import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import { settle, setUp } from './token-source.fixture.ts'
import type { TokenStore } from './token-store.ts'

const GOOD: TokenStore = {
  read: async () => null,
  write: async () => {},
  lock: async () => async () => {},
}

/** What a step may do instead. If it does not answer, its time passes at once. */
const FAULTS: Readonly<Record<string, (clock: VirtualClock) => () => Promise<never>>> = {
  throws: () => () => {
    throw new Error('disk')
  },
  rejects: () => () => Promise.reject(new Error('disk')),
  'never answers': (clock) => () => {
    setImmediate(() => clock.advance(4_000))
    return new Promise(() => {})
  },
}

const STORES: Readonly<Record<string, (broken: () => Promise<never>) => Partial<TokenStore>>> = {
  'when it is read': (broken) => ({ read: broken }),
  'when it is written': (broken) => ({ write: broken }),
  'when it is locked': (broken) => ({ lock: broken }),
  'when its lock is released': (broken) => ({ lock: async () => broken }),
}

describe('a token store that', () => {
  for (const [what, fault] of Object.entries(FAULTS)) {
    for (const [when, storeWith] of Object.entries(STORES)) {
      it(`${what} ${when} does not cost a token`, async () => {
        let breaks = () => new Promise<never>(() => {})
        const store = { ...GOOD, ...storeWith(() => breaks()) }
        const { source, server, clock, events } = setUp({ store })
        breaks = fault(clock)
        assert.equal(await source.token(), 't1')
        assert.equal(server.requests.length, 1)
        assert.ok(events.some(({ kind }) => kind === 'store_failed'))
        assert.equal(clock.timers, 0)
      })
    }
  }

  it('is slow while its lock is held still gets it released', async () => {
    let released = 0
    const lock = async () => async () => {
      released += 1
    }
    const write = (): Promise<never> => {
      setImmediate(() => clock.advance(1_000))
      return new Promise(() => {})
    }
    const { source, clock } = setUp({ store: { ...GOOD, lock, write } })
    assert.equal(await source.token(), 't1')
    await settle()
    assert.equal(released, 1)
  })

  it('grants its lock too late gets it released', async () => {
    const { promise, resolve } = Promise.withResolvers<() => Promise<void>>()
    const requested = Promise.withResolvers<void>()
    const lock = () => {
      requested.resolve()
      return promise
    }
    const { source, clock } = setUp({ store: { ...GOOD, lock } })
    const waiting = source.token()
    await requested.promise
    clock.advance(4_000)
    assert.equal(await waiting, 't1')
    let released = 0
    resolve(async () => {
      released += 1
    })
    await settle()
    assert.equal(released, 1)
  })
})
