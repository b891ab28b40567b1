import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NetworkError } from '@modulariot/oauth/client'
import type { Delivery, Settled } from '../assets/batch.ts'
import { BufferError, ValidationError } from '../assets/errors.ts'
import { prepareReport } from '../assets/prepare.ts'
import type { Report } from '../assets/report.ts'
import { reading, settled, virtualTiming } from '../testing/virtual-time.ts'
import { type BufferSettings, ReportBuffer } from './report-buffer.ts'
import { MemoryQueue } from './report-queue.ts'

const KEPT: Settled = { kind: 'kept', replayed: false }
const allKept = (reports: readonly Report[]): Delivery => ({
  settled: reports.map(() => KEPT),
  failure: null,
})
const noNetwork: Delivery = { settled: [], failure: new NetworkError('no network') }

type Answer = (reports: readonly Report[], call: number) => Delivery | Promise<Delivery>

function setUp(answer: Answer = allKept, more: Partial<BufferSettings> = {}) {
  const timing = virtualTiming()
  const sent: string[][] = []
  const assetOf = ({ body }: Report) => JSON.parse(body).asset_id.slice('TRUCK-'.length)
  const settings: BufferSettings = {
    queue: new MemoryQueue(),
    maxBatchItems: 3,
    maxBatchBytes: 1e6,
    maxDelayMs: 5000,
    maxQueuedItems: 10,
    maxQueuedBytes: 1e6,
    whenFull: 'wait',
    backoff: { baseMs: 1000, maxMs: 300_000 },
    ...more,
  }
  const buffer = new ReportBuffer(settings, {
    timing,
    prepare: (data) => prepareReport(data, { nowMs: timing.now(), validation: 'strict' }),
    deliver: async (reports) => {
      sent.push(reports.map(assetOf))
      return answer(reports, sent.length - 1)
    },
  })
  const push = async (...numbers: number[]) => {
    for (const n of numbers) await buffer.push(reading(n))
  }
  return { buffer, timing, sent, push, assetOf }
}

describe('a buffer', () => {
  it('sends as soon as a batch is full, without waiting for the time', async () => {
    const { push, sent, timing } = setUp()
    await push(1, 2, 3)
    await timing.pass(0)
    assert.deepEqual(sent, [['1', '2', '3']])
  })

  it('sends a partial batch after maxDelayMs, and not before', async () => {
    const { push, sent, timing } = setUp()
    await push(1, 2)
    await timing.pass(4999)
    assert.deepEqual(sent, [])
    await timing.pass(1)
    assert.deepEqual(sent, [['1', '2']])
  })

  it('sends at once when flushed, and returns that nothing is left', async () => {
    const { push, sent, buffer } = setUp()
    await push(1)
    assert.equal(await buffer.flush(), 0)
    assert.deepEqual(sent, [['1']])
    assert.equal(await buffer.flush(), 0)
  })

  it('sends one request at a time, oldest first, each report once', async () => {
    let atOnce = 0
    const { push, sent, buffer } = setUp(
      async (reports) => {
        atOnce += 1
        assert.equal(atOnce, 1)
        await settled()
        atOnce -= 1
        return allKept(reports)
      },
      { maxQueuedItems: 1000 },
    )
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    await push(...numbers)
    await buffer.flush()
    assert.deepEqual(sent.flat(), numbers.map(String))
  })

  it('refuses a faulty report at the push, and keeps nothing of it', async () => {
    const { buffer } = setUp()
    await assert.rejects(buffer.push({ asset_id: '', timestamp: 'x' }), ValidationError)
    assert.equal(buffer.items, 0)
  })
})

describe('without a network', () => {
  it('keeps everything, retries less and less often, and drains in order when it returns', async () => {
    const failures: number[] = []
    const { push, sent, timing, buffer } = setUp(
      (reports, call) => (call < 4 ? noNetwork : allKept(reports)),
      { onFailure: (_, retryInMs) => failures.push(retryInMs) },
    )
    await push(1, 2, 3, 4)
    await timing.pass(6999)
    assert.deepEqual([failures, buffer.items], [[1000, 2000, 4000], 4])
    await timing.pass(60_000)
    assert.equal(buffer.items, 0)
    assert.deepEqual(sent.slice(4), [['1', '2', '3'], ['4']])
    await push(5, 6, 7)
    await timing.pass(0)
    assert.equal(buffer.items, 0)
  })

  it('sends again only what was not settled', async () => {
    const { push, sent, timing } = setUp((reports, call) =>
      call === 0 ? { ...noNetwork, settled: [KEPT, KEPT] } : allKept(reports),
    )
    await push(1, 2, 3)
    await timing.pass(5000)
    assert.deepEqual(sent, [['1', '2', '3'], ['3']])
  })

  it('retries rarely from the start when waiting does not help, and still drops nothing', async () => {
    const failures: number[] = []
    const { push, timing, buffer } = setUp(
      () => ({ settled: [], failure: new Error('wrong secret') }),
      { onFailure: (_, retryInMs) => failures.push(retryInMs) },
    )
    await push(1, 2, 3)
    await timing.pass(299_000)
    assert.deepEqual([failures, buffer.items], [[300_000], 3])
  })

  it('ends a flush at its deadline and returns how many are left', async () => {
    const { push, timing, buffer } = setUp(() => noNetwork)
    await push(1, 2)
    const flushed = buffer.flush({ deadlineMs: 100 })
    await timing.pass(100)
    assert.equal(await flushed, 2)
  })

  it('does not loop on a queue that counts reports and returns none', async () => {
    const queue = new MemoryQueue()
    let peeks = 0
    queue.peek = async () => {
      peeks += 1
      return []
    }
    const errors: string[] = []
    const { push, timing } = setUp(allKept, {
      queue,
      onFailure: (error) => errors.push(error.message),
    })
    await push(1)
    await timing.pass(5000)
    assert.deepEqual([peeks, errors], [1, ['The queue holds reports but returns none']])
  })

  it('survives a queue that cannot be read', async () => {
    const queue = new MemoryQueue()
    let broken = true
    const peek = queue.peek.bind(queue)
    queue.peek = (limit) => (broken ? Promise.reject(new Error('EIO')) : peek(limit))
    const { push, timing, buffer } = setUp(allKept, { queue })
    await push(1, 2, 3)
    await timing.pass(0)
    broken = false
    await timing.pass(300_000)
    assert.equal(buffer.items, 0)
  })
})

describe('a report that the server refuses', () => {
  it('leaves the queue, is reported, and the others are kept', async () => {
    const error = new ValidationError({ timestamp: 'is too late' })
    const refused: unknown[] = []
    const { push, timing, buffer, assetOf } = setUp(
      (reports) => ({
        settled: reports.map((report) =>
          assetOf(report) === '2' ? ({ kind: 'refused', error } as const) : KEPT,
        ),
        failure: null,
      }),
      {
        onRefused: (report, why) => {
          refused.push(assetOf(report), why)
          throw new Error('a listener’s mistake')
        },
      },
    )
    await push(1, 2, 3)
    await timing.pass(0)
    assert.deepEqual([refused, buffer.items], [['2', error], 0])
  })
})

describe('a full buffer', () => {
  const offline = (whenFull: BufferSettings['whenFull'], more: Partial<BufferSettings> = {}) => {
    let network = false
    const all = setUp((reports) => (network ? allKept(reports) : noNetwork), {
      maxQueuedItems: 3,
      whenFull,
      ...more,
    })
    return {
      ...all,
      networkReturns: () => {
        network = true
      },
    }
  }

  it('lets a push wait until there is room, in the order they came', async () => {
    const { buffer, push, timing, networkReturns, sent } = offline('wait')
    await push(1, 2, 3)
    const entered: number[] = []
    const pushes = [4, 5].map((n) => push(n).then(() => entered.push(n)))
    await timing.pass(10_000)
    assert.deepEqual([entered, buffer.items], [[], 3])
    networkReturns()
    await timing.pass(60_000)
    await Promise.all(pushes)
    assert.deepEqual(entered, [4, 5])
    await buffer.flush()
    assert.deepEqual(sent.filter((_, call) => call >= sent.length - 2).flat(), [
      '1',
      '2',
      '3',
      '4',
      '5',
    ])
  })

  it('lets a waiting push give up', async () => {
    const { buffer, push } = offline('wait')
    await push(1, 2, 3)
    const controller = new AbortController()
    const waiting = buffer.push(reading(4), { signal: controller.signal })
    controller.abort(new Error('too long'))
    await assert.rejects(waiting, { message: 'too long' })
    assert.equal(buffer.items, 3)
  })

  it('lets no more pushes wait than it holds', async () => {
    const { buffer, push } = offline('wait')
    await push(1, 2, 3)
    const waiting = [4, 5, 6].map((n) => buffer.push(reading(n)))
    await assert.rejects(buffer.push(reading(7)), { code: 'buffer_full', retryable: true })
    const closing = buffer.close({ deadlineMs: 0 })
    for (const one of waiting) await assert.rejects(one, { code: 'buffer_closed' })
    void closing
  })

  it('refuses at once with whenFull: refuse', async () => {
    const { buffer, push } = offline('refuse')
    await push(1, 2, 3)
    await assert.rejects(buffer.push(reading(4)), BufferError)
    assert.equal(buffer.items, 3)
  })

  it('drops the oldest with whenFull: drop_oldest, and reports which', async () => {
    const dropped: string[] = []
    const { buffer, push, assetOf, timing, networkReturns, sent } = offline('drop_oldest', {
      onDropped: (report) => dropped.push(assetOf(report)),
    })
    await push(1, 2, 3, 4, 5)
    assert.deepEqual([dropped, buffer.items], [['1', '2'], 3])
    networkReturns()
    await timing.pass(60_000)
    assert.deepEqual(sent.at(-1), ['3', '4', '5'])
  })

  it('does not report as dropped what the server kept', async () => {
    for (const [answer, lost] of [
      [allKept, []],
      [() => ({ settled: [KEPT], failure: new NetworkError('cut') }), ['2']],
    ] as const) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const dropped: string[] = []
      const { push, timing, assetOf, sent } = setUp(
        (reports, call) => (call === 0 ? promise.then(() => answer(reports)) : allKept(reports)),
        {
          maxQueuedItems: 3,
          whenFull: 'drop_oldest',
          onDropped: (report) => dropped.push(assetOf(report)),
        },
      )
      await push(1, 2, 3)
      await timing.pass(1)
      assert.deepEqual(sent, [['1', '2', '3']])
      await push(4, 5)
      assert.deepEqual(dropped, [], 'the answer is not known')
      resolve()
      await timing.pass(60_000)
      assert.deepEqual(dropped, lost)
    }
  })

  it('is full by bytes too, whatever the number', async () => {
    const { push, buffer } = offline('refuse', { maxQueuedBytes: 150 })
    await push(1)
    await assert.rejects(push(2), { code: 'buffer_full' })
    const telecom = { text: 'x'.repeat(200) }
    await assert.rejects(buffer.push({ ...reading(3), telecom }), { code: 'buffer_full' })
  })
})

describe('closing', () => {
  it('sends queued reports, returns how many are left, and accepts no more', async () => {
    const { buffer, push, sent } = setUp()
    await push(1)
    assert.equal(await buffer.close(), 0)
    assert.deepEqual(sent, [['1']])
    await assert.rejects(push(2), { code: 'buffer_closed', retryable: false })
    assert.equal(await buffer.close(), 0)
  })

  it('retries at once, even in the middle of a long wait', async () => {
    let network = false
    const { buffer, push, timing } = setUp((reports) => (network ? allKept(reports) : noNetwork))
    await push(1, 2, 3)
    await timing.pass(100_000)
    network = true
    assert.equal(await buffer.close(), 0)
  })

  it('aborts a request that hangs', async () => {
    const timing = virtualTiming()
    let aborted = false
    const buffer = new ReportBuffer(
      {
        ...{ queue: new MemoryQueue(), maxBatchItems: 1, maxBatchBytes: 1e6, maxDelayMs: 0 },
        ...{ maxQueuedItems: 9, maxQueuedBytes: 1e6, whenFull: 'wait' },
        backoff: { baseMs: 1, maxMs: 1 },
      },
      {
        timing,
        prepare: (data) => prepareReport(data, { nowMs: timing.now(), validation: 'strict' }),
        deliver: (_, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted = true
              resolve(noNetwork)
            })
          }),
      },
    )
    await buffer.push(reading(1))
    const closing = buffer.close({ deadlineMs: 1000 })
    await timing.pass(1000)
    assert.equal(await closing, 1)
    assert.equal(aborted, true)
  })
})
