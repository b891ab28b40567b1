import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { JsonBodyError } from '@modulariot/platform/json'
import { ClientBudget } from '../limits/client-budget.ts'
import { unseal } from '../store/packed.ts'
import { HeavyReader } from './heavy-reader.ts'
import type { Origin } from './read-report.ts'
import type { ReportBody } from './report-body.ts'

const ORIGIN: Origin = {
  ...{ org_id: 'org_1', environment: 'production', client_id: 'client_1' },
  ...{ request_id: 'r-1', item: 0, received_ms: Date.UTC(2026, 0, 2) },
}
const STRICT = { validation: 'strict' } as const
const TEXT = '{"asset_id":"truck","timestamp":"2026-01-01T00:00:00Z","own":"é"}'
const MAX_HELD_BYTES = 1000

const NO_BUDGET = new ClientBudget({ msPerSecond: 0, burstSeconds: 0 }, Date.now)
const heavy = new HeavyReader(NO_BUDGET, { maxHeldBytes: MAX_HELD_BYTES })
after(() => heavy.close())

const bodyOf = (bytes: Buffer | string, rest: Partial<ReportBody> = {}): ReportBody => ({
  ...{ bytes: Buffer.from(bytes), gzip: false, maxBytes: 1024 },
  ...rest,
})

async function payloadOf(body: ReportBody): Promise<string | undefined> {
  const read = await heavy.read(body, ORIGIN, STRICT)
  assert.ok(read.kind === 'good')
  const [one] = read.observation.pieces.flatMap(unseal)
  return one?.payload
}

describe('the reader of large bodies', { timeout: 20_000 }, () => {
  it('parses bytes that share their buffer with others, which stay intact', async () => {
    const memory = Buffer.from(`before${TEXT}behind`)
    const bytes = memory.subarray(6, -6)
    assert.equal(await payloadOf({ bytes, gzip: false, maxBytes: 1024 }), TEXT)
    assert.equal(memory.toString(), `before${TEXT}behind`)
  })

  it('decompresses up to the limit', async () => {
    const bytes = gzipSync(TEXT)
    const exactly = Buffer.byteLength(TEXT)
    assert.equal(await payloadOf(bodyOf(bytes, { gzip: true, maxBytes: exactly })), TEXT)
    const refusals: [ReportBody, number][] = [
      [bodyOf(bytes, { gzip: true, maxBytes: exactly - 1 }), 413],
      [bodyOf(gzipSync(Buffer.alloc(1_000_000)).subarray(0, 400), { gzip: true }), 413],
      [bodyOf(bytes.subarray(0, -9), { gzip: true }), 400],
      [bodyOf(TEXT, { gzip: true }), 400],
      [bodyOf('', { gzip: true }), 400],
    ]
    for (const [body, status] of refusals) {
      await assert.rejects(heavy.read(body, ORIGIN, STRICT), { name: 'ApiError', status })
    }
  })

  it('throws JsonBodyError for a body that is not UTF-8', async () => {
    const body = bodyOf(Buffer.from([0x22, 0xff, 0x22]))
    await assert.rejects(heavy.read(body, ORIGIN, STRICT), JsonBodyError)
  })

  it('limits the bytes it holds, half of them for one tenant, and releases them afterwards', async () => {
    const half = MAX_HELD_BYTES / 2
    const read = (org_id: string, bytes: number) =>
      heavy.read(bodyOf(TEXT.padEnd(bytes - 1)), { ...ORIGIN, org_id }, STRICT)
    const first = read('org_1', half)
    await assert.rejects(read('org_1', 100), { name: 'ApiError', status: 429 })
    const others = [read('org_2', half - 100), read('org_3', 100)]
    await assert.rejects(read('org_4', 100), { name: 'ApiError', status: 429 })
    for (const { kind } of await Promise.all([first, ...others])) assert.equal(kind, 'good')
    assert.equal((await read('org_1', half)).kind, 'good')
  })

  it('does not parse a batch whose `begin` throws', async () => {
    const full = new Error('no room')
    const begin = (): void => {
      throw full
    }
    const body = bodyOf(`[${TEXT}]`)
    await assert.rejects(
      heavy.readBatch(body, { format: 'json', ids: 'request' }, ORIGIN, 'strict', begin),
      full,
    )
    assert.notEqual(body.bytes.length, 0)
  })

  it('rejects the calls of a thread that dies, and starts another for the next call', async () => {
    const script = new URL('data:text/javascript,throw new Error("died")')
    const dying = new HeavyReader(NO_BUDGET, { script })
    for (let round = 0; round < 2; round++) {
      const lost = [bodyOf(TEXT), bodyOf(TEXT), bodyOf(TEXT)]
      const reads = lost.map((body) => dying.read(body, ORIGIN, STRICT))
      for (const read of await Promise.allSettled(reads)) {
        assert.match(String(read.status === 'rejected' && read.reason), /thread .* stopped/)
      }
    }
  })

  it('rejects calls once it is closed', async () => {
    const closed = new HeavyReader(NO_BUDGET)
    await closed.close()
    await assert.rejects(closed.read(bodyOf(TEXT), ORIGIN, STRICT), /closed/)
  })
})
