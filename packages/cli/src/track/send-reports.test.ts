import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Timing } from '@modulariot/sdk'
import type { Context } from '../command/context.ts'
import { parseConfig } from '../config/parse-config.ts'
import { createOutput } from '../terminal/output.ts'
import { sendTrack } from './send-reports.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'many.ndjson')
const LINES = Array<string>(1500).fill('{"asset_id":"A","timestamp":"2025-03-14T15:09:26Z"}')
LINES[1199] = '{"asset_id":"LONGER-THAN-THE-OTHERS","timestamp":"2025-03-14T15:09:26Z"}'
writeFileSync(file, LINES.join('\n'))

interface Refusal {
  readonly status: number
  readonly headers?: Record<string, string>
  /** Refuses only the batches with a longer line than this. */
  readonly largerThan?: number
}

/** Sends the file to an API that refuses every batch after the first. */
async function sent(
  requestId: string,
  { status, headers = {}, largerThan = 0 }: Refusal = { status: 400 },
) {
  const requestIds: string[] = []
  let printed = ''
  const answer: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/token')) {
      return Response.json({ access_token: 'a-token', token_type: 'Bearer', expires_in: 3600 })
    }
    const request = new Request(input, init)
    requestIds.push(String(request.headers.get('x-request-id')))
    const items = (await request.text()).trim().split('\n')
    const refusal = { status: 'error', message: 'Body too large', detail: 'Send less' }
    return requestIds.length === 1 || items.every(({ length }) => length <= largerThan)
      ? Response.json({ results: items.map((_, index) => ({ index, code: 200 })) })
      : Response.json(refusal, { status, headers })
  }
  const env = {
    MIOT_DATA_DIR: folder,
    MIOT_CLIENT_ID: 'client_1',
    MIOT_CLIENT_SECRET: 'secret',
    MIOT_AUDIENCE: 'https://api.example',
    MIOT_TOKEN_URL: 'http://localhost:1/token',
    MIOT_API_URL: 'http://localhost:1',
  }
  const context: Context = {
    config: () => parseConfig(env, () => assert.fail()),
    output: createOutput(false, (text) => {
      printed += text
    }),
    fetch: answer,
    tokenDirectory: null,
    url: null,
  }
  const waits: number[] = []
  let nowMs = 0
  const timing: Timing = {
    now: () => nowMs,
    random: () => 1,
    async wait(delayMs) {
      waits.push(delayMs)
      nowMs += delayMs
    },
  }
  const options = { file, requestId }
  const error: unknown = await sendTrack(context, options, timing).catch((fault) => fault)
  assert.ok(error instanceof Error && 'code' in error)
  return { requestIds, printed, error, waits }
}

describe('miot track send with a file of several batches', () => {
  it('sends nothing when the request id leaves no room for the suffixes of later batches', async () => {
    const { requestIds, error } = await sent('x'.repeat(119))
    assert.deepEqual([requestIds, error.code], [[], 'usage'])
    assert.match(error.message, /at most 118 characters/)
  })

  it('prints what was stored before a batch failed, and where to resume', async () => {
    const id = 'x'.repeat(118)
    const { requestIds, printed, error } = await sent(id)
    assert.deepEqual(requestIds, [id, `${id}-2`])
    assert.equal(printed, `Stored 1000 of 1000 reports (request id ${id}).\n`)
    assert.match(error.message, /400: Body too large: Send less.*\nResume with --from-line 1001;/)
  })

  it('divides a batch that is too large until the report to blame is alone', async () => {
    const { printed, error, requestIds } = await sent('id', { status: 413, largerThan: 60 })
    assert.match(
      printed,
      /^line 1200: 413 The API answered 413: Body too large.*\nStored 1499 of 1500 /,
    )
    assert.equal(error.message, '1 of 1500 reports were refused')
    assert.equal(new Set(requestIds).size, requestIds.length)
  })

  it('retries what is refused for now, never sooner than Retry-After', async () => {
    const headers = { 'retry-after': '3' }
    const { requestIds, error, waits } = await sent('id', { status: 429, headers })
    assert.deepEqual(requestIds, ['id', ...Array(6).fill('id-2')])
    assert.deepEqual(waits, [3750, 3750, 3750, 4000, 8000])
    assert.equal(error.code, 'rate_limited')
    assert.match(error.message, /--from-line 1001/)
  })

  it('gives up at once when Retry-After is more than a minute', async () => {
    const headers = { 'retry-after': '61' }
    assert.deepEqual((await sent('id', { status: 503, headers })).waits, [])
  })
})
