import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Feed, FeedEntry, Tenant } from '../store/store.ts'
import { type FollowStep, follow, type Pace } from './follow.ts'

const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }
const OTHER: Tenant = { org_id: 'org_1', environment: 'development' }
const PACE: Pace = { heartbeatMs: 60_000, gatherMs: 0, maxBehind: 1000 }

/** A feed of one tenant in memory, whose observations `add` counts up. */
function createFeed() {
  let head = 0
  let listener: (tenant: Tenant | null) => void = () => {}
  let watching = 0
  const entryOf = (cursor: number): FeedEntry => ({
    cursor,
    asset_id: `a${cursor}`,
    timestamp_ms: 0,
    received_ms: 0,
    payload: '{}',
  })
  return {
    watching: () => watching,
    notify: (tenant: Tenant | null) => listener(tenant),
    add(count = 1, tenant: Tenant | null = TENANT) {
      head += count
      listener(tenant)
    },
    async readSince(_: Tenant, after: number | null, limit: number): Promise<Feed> {
      const from = after ?? head
      const count = Math.min(limit, head - from)
      const entries = Array.from({ length: count }, (_, index) => entryOf(from + index + 1))
      return { entries, cursor: from + count, more: from + count < head }
    },
    watch(added: (tenant: Tenant | null) => void) {
      listener = added
      watching++
      return () => {
        watching--
      }
    },
  }
}

function followed(feed: ReturnType<typeof createFeed>, pace: Partial<Pace> = {}, after = 0) {
  const controller = new AbortController()
  const { signal } = controller
  const steps = follow(TENANT, { after, signal, store: feed, pace: { ...PACE, ...pace } })
  return { controller, steps, next: async () => (await steps.next()).value as FollowStep }
}

const cursorsOf = (step: FollowStep) =>
  'entries' in step ? step.entries.map(({ cursor }) => cursor) : step

describe('following', { timeout: 20_000 }, () => {
  it('releases a page after the next step, since a quiet stream may wait for hours', async () => {
    const feed = createFeed()
    feed.add(1)
    const { steps, controller } = followed(feed)
    const { value } = await steps.next()
    assert.deepEqual(cursorsOf(value as FollowStep), [1])
    const end = steps.next()
    await new Promise(setImmediate)
    assert.deepEqual(cursorsOf(value as FollowStep), [])
    controller.abort()
    await end
  })

  it('yields pages of what was stored after the cursor, then new observations', async () => {
    const feed = createFeed()
    feed.add(20)
    const { next, controller } = followed(feed, {}, 2)
    assert.deepEqual(
      cursorsOf(await next()),
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
    )
    assert.deepEqual(cursorsOf(await next()), [19, 20])
    const news = next()
    await new Promise(setImmediate)
    feed.add()
    assert.deepEqual(cursorsOf(await news), [21])
    controller.abort()
  })

  it('notices what was stored during a read', async () => {
    const feed = createFeed()
    feed.add()
    const { next, controller } = followed(feed)
    assert.deepEqual(cursorsOf(await next()), [1])
    feed.add()
    assert.deepEqual(cursorsOf(await next()), [2])
    controller.abort()
  })

  it('wakes for its own tenant and for an unknown one, not for others', async () => {
    const feed = createFeed()
    const { next, controller } = followed(feed)
    let settled = false
    const news = next().finally(() => {
      settled = true
    })
    await new Promise(setImmediate)
    feed.add(1, OTHER)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(settled, false)
    feed.notify(null)
    assert.deepEqual(cursorsOf(await news), [1])
    controller.abort()
  })

  it('yields quiet each heartbeat, and queries the store in case a notification was lost', async () => {
    const feed = createFeed()
    const { next, controller } = followed(feed, { heartbeatMs: 1 })
    assert.deepEqual(await next(), { quiet: true })
    feed.add(1, OTHER)
    assert.deepEqual(cursorsOf(await next()), [1])
    controller.abort()
  })

  it('skips ahead when too far behind, and yields the number of skipped observations', async () => {
    const feed = createFeed()
    feed.add(5000)
    const { next, controller } = followed(feed)
    assert.equal((cursorsOf(await next()) as number[]).at(-1), 16)
    assert.deepEqual(await next(), { skipped: 3984, cursor: 4000 })
    assert.equal((cursorsOf(await next()) as number[])[0], 4001)
    controller.abort()
  })

  it('ends on abort during a wait, and stops watching', async () => {
    const feed = createFeed()
    const { steps, controller } = followed(feed)
    const last = steps.next()
    await new Promise(setImmediate)
    assert.equal(feed.watching(), 1)
    controller.abort()
    assert.deepEqual(await last, { value: undefined, done: true })
    assert.equal(feed.watching(), 0)
  })

  it('throws what the store throws, and stops watching', async () => {
    const feed = createFeed()
    const store = { ...feed, readSince: () => Promise.reject(new Error('no store')) }
    const { signal } = new AbortController()
    await assert.rejects(follow(TENANT, { after: 0, signal, store }).next(), /no store/)
    assert.equal(feed.watching(), 0)
  })
})
