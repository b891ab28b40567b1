import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServerClock, systemClock } from '@modulariot/oauth/client'
import { json, type Script, scriptedFetch } from '../testing/virtual-time.ts'
import { sendTexts } from './track-texts.ts'

const TEXTS = ['{"asset_id":"A"}', '{\n  "asset_id": "B"\r\n}', '{"asset_id":"C","asset_id":"C"}']

function setUp(script: Script) {
  const { fetch, requests } = scriptedFetch(script)
  const deps = {
    apiUrl: 'https://api.example',
    client_id: 'client-1',
    fetch,
    serverClock: new ServerClock(systemClock),
    redact: (text: string) => text.replaceAll('top-secret', '[redacted]'),
    timeoutMs: 30_000,
  }
  return { send: (ids?: 'content') => sendTexts(TEXTS, { requestId: 'id', ids }, deps), requests }
}

describe('reports that are JSON text', () => {
  it('go out a line each, unchanged but for line ends, under one id', async () => {
    const { send, requests } = setUp(() => json({ results: TEXTS.map(() => ({ code: 200 })) }))
    await send()
    assert.equal(requests[0]?.url, 'https://api.example/v1/asset/track/batch')
    assert.equal(requests[0]?.headers.get('x-request-id'), 'id')
    const lines = [TEXTS[0], '{   "asset_id": "B"  }', TEXTS[2]]
    assert.equal(requests[0]?.body, lines.map((line) => `${line}\n`).join(''))
  })

  it('are identified by their content when the caller says so', async () => {
    const { send, requests } = setUp(() => json({ results: TEXTS.map(() => ({ code: 200 })) }))
    await send('content')
    assert.equal(requests[0]?.url, 'https://api.example/v1/asset/track/batch?ids=content')
  })

  it('get a result each, with the members of the answer that have the documented type', async () => {
    const { send } = setUp(() =>
      json({
        results: [
          { index: 7, code: 200, status: 'success', replayed: true, warnings: { a: 'unknown' } },
          { code: 400, message: ['No'], detail: 'top-secret', errors: { gps: 'is top-secret' } },
          { code: 503, errors: 'abc', extra: 1 },
        ],
      }),
    )
    assert.deepEqual(await send(), [
      { index: 0, code: 200, status: 'success', replayed: true, warnings: { a: 'unknown' } },
      { index: 1, code: 400, detail: '[redacted]', errors: { gps: 'is [redacted]' } },
      { index: 2, code: 503 },
    ])
  })

  for (const [what, script, error] of [
    ['too few results', () => json({ results: [{ code: 200 }] }), { code: 'server_error' }],
    ['a result without a code', () => json({ results: [{}, {}, {}] }), { code: 'server_error' }],
    ['no object', () => json(null), { code: 'server_error' }],
    ['503', () => json({}, 503), { code: 'server_error', status: 503 }],
    ['413', () => json({ message: 'Body too large' }, 413), { code: 'refused', status: 413 }],
  ] as const) {
    it(`fail together on ${what}`, async () => {
      await assert.rejects(setUp(script).send(), error)
    })
  }
})
