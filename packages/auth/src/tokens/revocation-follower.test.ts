import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { OAuthError, type Revocation } from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { FAIL_OPEN_FOR_MS, RevocationFollower } from './revocation-follower.ts'

const NEVER = new AbortController().signal
const LATE = 4_000_000_000

const tokenEntry = (jti: string): Revocation => ({ kind: 'token', jti, expires: LATE })
const token = (jti: string) => ({ jti, client_id: 'c', iat: 0, kid: 'k' })

let open: RevocationFollower[] = []
afterEach(() => {
  for (const follower of open) follower.close()
  open = []
})

/** A follower of a feed with two entries a page, which can fail and be silent. */
function follow() {
  const feed = { entries: [] as Revocation[], fails: false, silentMs: 0, reads: 0 }
  const errors: unknown[] = []
  const follower = new RevocationFollower({
    now: () => 1_800_000_000_000,
    onError: (error) => errors.push(error),
    store: {
      silentForMs: () => feed.silentMs,
      readRevocations: async ({ after }) => {
        feed.reads++
        if (feed.fails) throw new StoreUnavailable('gone')
        const start = Number(after ?? 0)
        const revocations = feed.entries.slice(start, start + 2)
        const end = start + revocations.length
        return { revocations, cursor: String(end), more: end < feed.entries.length }
      },
    },
  })
  open.push(follower)
  const add = (...names: string[]) => feed.entries.push(...names.map(tokenEntry))
  return { feed, follower, errors, add }
}

describe('RevocationFollower', { timeout: 20_000 }, () => {
  it('reads the whole feed at its start, over all pages', async () => {
    const { follower, add } = follow()
    add('a', 'b', 'c', 'd', 'e')
    await follower.start()
    assert.equal(follower.size, 5)
    assert.equal(follower.isRevoked(token('e')), true)
    assert.equal(follower.isRevoked(token('f')), false)
  })

  it('does not start without the feed', async () => {
    const { follower, feed } = follow()
    feed.fails = true
    await assert.rejects(follower.start(), StoreUnavailable)
  })

  it('reads only new entries when notified', async () => {
    const { follower, feed, add } = follow()
    add('a', 'b', 'c')
    await follower.start()
    feed.reads = 0
    add('d')
    await follower.catchUp()
    assert.equal(feed.reads, 1)
    assert.equal(follower.isRevoked(token('d')), true)
  })

  it('misses nothing when notified again while it reads', async () => {
    const { follower, add } = follow()
    await follower.start()
    add('a')
    const first = follower.catchUp()
    add('b')
    const second = follower.catchUp()
    await Promise.all([first, second])
    assert.equal(follower.isRevoked(token('a')) && follower.isRevoked(token('b')), true)
  })

  it('keeps its entries when the feed cannot be read, reports it, and retries', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { follower, feed, errors, add } = follow()
    add('a')
    await follower.start()
    feed.fails = true
    add('b')
    await follower.catchUp()
    assert.ok(errors[0] instanceof StoreUnavailable)
    assert.equal(follower.isRevoked(token('a')), true)
    assert.equal(follower.isRevoked(token('b')), false)
    feed.fails = false
    t.mock.timers.tick(1000)
    while (!follower.isRevoked(token('b'))) await Promise.resolve()
    assert.equal(errors.length, 1)
  })

  it('trusts no token after an hour without news', async () => {
    const { follower, feed } = follow()
    await follower.start()
    feed.silentMs = FAIL_OPEN_FOR_MS
    assert.equal(follower.isRevoked(token('a')), false)
    feed.silentMs = FAIL_OPEN_FOR_MS + 1
    assert.throws(
      () => follower.isRevoked(token('a')),
      (error) => error instanceof OAuthError && error.status === 503,
    )
    feed.silentMs = 0
    assert.equal(follower.isRevoked(token('a')), false)
  })

  it('counts as silent when announced entries cannot be read', async (t) => {
    const { follower, feed, add } = follow()
    await follower.start()
    feed.fails = true
    await follower.catchUp()
    assert.equal(follower.isRevoked(token('a')), false)
    const later = performance.now() + FAIL_OPEN_FOR_MS + 1
    t.mock.method(performance, 'now', () => later)
    assert.throws(() => follower.isRevoked(token('a')), OAuthError)
    assert.ok(follower.silentForMs() > FAIL_OPEN_FOR_MS)
    feed.fails = false
    add('a')
    await follower.catchUp()
    assert.equal(follower.isRevoked(token('a')), true)
    assert.equal(follower.isRevoked(token('b')), false)
    assert.equal(follower.silentForMs(), 0)
  })
})

describe('waiting for the feed', { timeout: 20_000 }, () => {
  it('ends as soon as an entry arrives', async () => {
    const { follower, add } = follow()
    await follower.start()
    const page = follower.page(null, 60_000, NEVER)
    add('a')
    await follower.catchUp()
    assert.deepEqual((await page).revocations, [tokenEntry('a')])
    assert.equal(follower.waiting, 0)
  })

  it('sees an entry that arrives during the read', async () => {
    const { follower, feed, add } = follow()
    await follower.start()
    const page = follower.page(null, 60_000, NEVER)
    await new Promise(setImmediate)
    // The read is in progress: it has found nothing, and the wait has not begun.
    add('a')
    assert.equal(feed.reads, 2)
    const reading = follower.catchUp()
    assert.deepEqual((await page).revocations, [tokenEntry('a')])
    await reading
  })

  it('does not begin if there are entries, or no time', async () => {
    const { follower, add } = follow()
    assert.deepEqual((await follower.page(null, 0, NEVER)).revocations, [])
    add('a')
    assert.equal((await follower.page(null, 60_000, NEVER)).revocations.length, 1)
    assert.equal(follower.waiting, 0)
  })

  it('ends when the follower has disconnected, and when the server stops', async () => {
    const { follower } = follow()
    const gone = new AbortController()
    const pages = [follower.page(null, 60_000, gone.signal), follower.page(null, 60_000, NEVER)]
    gone.abort()
    assert.deepEqual((await pages[0])?.revocations, [])
    follower.close()
    assert.deepEqual((await pages[1])?.revocations, [])
    assert.deepEqual((await follower.page(null, 60_000, NEVER)).revocations, [])
    assert.equal(follower.waiting, 0)
  })

  it('reads once for all followers at the same cursor, when they start and when they wake', async () => {
    const { follower, feed, add } = follow()
    await follower.start()
    feed.reads = 0
    const pages = Array.from({ length: 500 }, () => follower.page(null, 60_000, NEVER))
    await new Promise(setImmediate)
    assert.equal(feed.reads, 1)
    add('a')
    await follower.catchUp()
    for (const { revocations } of await Promise.all(pages)) {
      assert.deepEqual(revocations, [tokenEntry('a')])
    }
    assert.equal(feed.reads, 3, 'one of them the follower’s own')
  })

  it('leaves no follower waiting when the read fails', async () => {
    const { follower, feed } = follow()
    feed.fails = true
    const pages = Array.from({ length: 10 }, () => follower.page(null, 60_000, NEVER))
    for (const page of pages) await assert.rejects(page, StoreUnavailable)
    assert.equal(follower.waiting, 0)
  })

  it('is limited to a thousand; requests that do not wait are always answered', async () => {
    const { follower } = follow()
    const pages = Array.from({ length: 1000 }, () => follower.page(null, 60_000, NEVER))
    await new Promise(setImmediate) // All have read, and now wait.
    await assert.rejects(
      follower.page(null, 60_000, NEVER),
      (error) =>
        error instanceof OAuthError &&
        error.status === 429 &&
        error.reason.kind === 'over_bound' &&
        error.reason.retry_after_seconds > 0,
    )
    assert.deepEqual((await follower.page(null, 0, NEVER)).revocations, [])
    follower.close()
    await Promise.all(pages)
    assert.equal(follower.waiting, 0)
  })
})
