import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Tenant } from '../store.ts'
import { createNews, type NewsReader } from './news.ts'

const tenant = (org_id: string): Tenant => ({ org_id, environment: 'production' })
const { signal } = new AbortController()

async function openFollowing(news: ReturnType<typeof createNews>): Promise<NewsReader> {
  const reader = news.open()
  assert.equal(await reader.next(true, signal), null)
  return reader
}

describe('news of tenants', () => {
  it('answers what several processes have stored together, each tenant once', async () => {
    const news = createNews()
    const [reader, one, other] = await Promise.all([1, 2, 3].map(() => openFollowing(news)))
    const answer = reader?.next(false, signal)
    news.tell([tenant('a'), tenant('b')], one as NewsReader)
    news.tell([tenant('b'), tenant('c')], other as NewsReader)
    assert.deepEqual(await answer, ['a', 'b', 'c'].map(tenant))
  })

  it('remembers between two calls, for all but the process that has stored it', async () => {
    const news = createNews()
    const reader = await openFollowing(news)
    const storing = await openFollowing(news)
    news.tell([tenant('a')], storing)
    await nextTurn()
    news.tell([tenant('b')], storing)
    assert.deepEqual(await reader.next(false, signal), ['a', 'b'].map(tenant))
    let isAnswered = false
    void storing.next(false, signal).then(() => {
      isAnswered = true
    })
    await nextTurn()
    assert.equal(isAnswered, false)
  })

  it('answers null for more tenants than it remembers', async () => {
    const news = createNews()
    const reader = await openFollowing(news)
    const storing = news.open()
    for (let index = 0; index < 2000; index++) news.tell([tenant(`${index}`)], storing)
    assert.equal(await reader.next(false, signal), null)
    news.tell([tenant('a')], storing)
    assert.deepEqual(await reader.next(false, signal), [tenant('a')])
  })

  it('forgets at a first call, and after an abort', async () => {
    const news = createNews()
    const reader = await openFollowing(news)
    const storing = news.open()
    news.tell([tenant('a')], storing)
    assert.equal(await reader.next(true, signal), null)
    news.tell([tenant('b')], storing)
    assert.deepEqual(await reader.next(false, signal), [tenant('b')])
    const controller = new AbortController()
    const left = reader.next(false, controller.signal)
    controller.abort()
    await left
    news.tell([tenant('c')], storing)
    let isAnswered = false
    void reader.next(false, signal).then(() => {
      isAnswered = true
    })
    await nextTurn()
    assert.equal(isAnswered, false)
  })
})
