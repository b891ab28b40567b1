import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError } from '@modulariot/oauth/client'
import { createClient, ModularIoT } from './modular-iot.ts'
import {
  json,
  reading,
  type Script,
  START_MS,
  scriptedFetch,
  success,
  unavailable,
  virtualTiming,
} from './testing/virtual-time.ts'
import type { Timing } from './timing/timing.ts'

const OPTIONS = {
  token_endpoint: 'https://auth.example/api/v1/login',
  apiUrl: 'https://api.example/',
  client_id: 'client-1',
  client_secret: 'top-secret',
  audience: 'https://api.example/v1',
}

const isLogin = (url: string) => url === OPTIONS.token_endpoint

/** A client whose token requests get tokens `t.t.1`, `t.t.2`, …; the script answers all others. */
function setUp(script: Script = success, timing: Timing = virtualTiming({ instant: true })) {
  let tokens = 0
  let uptimeMs = 0
  const clock = {
    monotonicMs: () => uptimeMs,
    wallMs: () => START_MS + uptimeMs,
    after: () => () => {},
  }
  const { fetch, requests } = scriptedFetch((request, index) => {
    if (!isLogin(request.url)) return script(request, index)
    tokens += 1
    return json({ access_token: `t.t.${tokens}`, token_type: 'Bearer', expires_in: 86_400 })
  })
  const miot = createClient({ ...OPTIONS, fetch, timing, clock })
  const logins = () => requests.filter(({ url }) => isLogin(url)).length
  const sent = () => requests.filter(({ url }) => !isLogin(url))
  const minuteLater = () => {
    uptimeMs += 60_000
  }
  return { miot, logins, sent, minuteLater }
}

describe('an error', () => {
  const answers: readonly (readonly [string, Script, RegExp])[] = [
    ['AccessDeniedError', () => json({ message: 'no' }, 403), /answered 403: no \(POST https:/],
    ['ServerError', () => json({}, 500), /answered 500 \(POST https:/],
    [
      'NetworkError',
      () => Promise.reject(new TypeError('x')),
      /cannot be reached: TypeError \(POST/,
    ],
  ]
  for (const [name, script, message] of answers) {
    it(`names the URL and the client, and no secret: ${name}`, async () => {
      const error = await setUp(script)
        .miot.assets.track(reading(0))
        .catch((one) => one)
      assert.equal(error.name, name)
      assert.match(error.message, message)
      assert.match(error.message, /https:\/\/api\.example\/v1\/asset\/track, client client-1\)$/)
      assert.doesNotMatch(error.message, /top-secret|t\.t\./)
    })
  }

  it('of the login names them, too', async () => {
    const fetch = async () => json({ error: 'invalid_client' }, 401)
    const miot = createClient({ ...OPTIONS, fetch, timing: virtualTiming({ instant: true }) })
    await assert.rejects(miot.assets.track(reading(0)), (error: Error) => {
      assert.match(error.message, /api\/v1\/login, client client-1\)$/)
      assert.doesNotMatch(error.message, /top-secret/)
      return true
    })
  })
})

describe('fetch', () => {
  it('takes a path below the base URL of the API, and sends the token nowhere else', async () => {
    const { miot, sent } = setUp(() => json({}))
    for (const path of ['/v1/assets?limit=1', 'v1/assets?limit=1', '//evil.example/x']) {
      await miot.fetch(path)
    }
    await miot.fetch('https://api.example/v1/events')
    await assert.rejects(miot.fetch('https://evil.example/x'), ConfigError)
    const urls = sent().map(({ url }) => url)
    assert.deepEqual(urls, [
      'https://api.example/v1/assets?limit=1',
      'https://api.example/v1/assets?limit=1',
      'https://api.example/evil.example/x',
      'https://api.example/v1/events',
    ])
  })
})

describe('the events of an asset', () => {
  it('are never those of all assets', () => {
    const { miot, sent } = setUp(() => json({ events: [{}] }))
    for (const asset_id of ['..', '.', '']) {
      assert.throws(() => miot.assets.events({ asset_id }), RangeError)
    }
    assert.deepEqual(sent(), [])
  })
})

describe('the client', () => {
  it('requests one token, however many reports are sent at once', async () => {
    const { miot, logins, sent } = setUp()
    await Promise.all(Array.from({ length: 100 }, (_, n) => miot.assets.track(reading(n))))
    assert.equal(logins(), 1)
    assert.equal(sent().length, 100)
    assert.equal(sent()[0]?.headers.get('authorization'), 'Bearer t.t.1')
  })

  it('gets one other token when the API refuses the current one, and sends the same request again', async () => {
    let revoked = false
    const { miot, logins, sent, minuteLater } = setUp(({ headers }) =>
      revoked && headers.get('authorization') === 'Bearer t.t.1' ? json({}, 401) : success(),
    )
    await miot.assets.track(reading(0))
    minuteLater()
    revoked = true
    await Promise.all([1, 2, 3].map((n) => miot.assets.track(reading(n))))
    assert.equal(logins(), 2)
    const ids = sent().map(({ headers }) => headers.get('x-request-id'))
    assert.equal(new Set(ids).size, 4)
  })

  it('sends text as it is, without checks, and retries it under the same id', async () => {
    const { miot, sent } = setUp((request, index) => {
      if (index < 2) return unavailable()
      return request.url.endsWith('/batch') ? json({ results: [{ code: 400 }] }) : success()
    })
    const text = '{"asset_id": 1, "asset_id": 2}'
    await miot.assets.trackText(text, { requestId: 'one' })
    assert.deepEqual(await miot.assets.trackTexts([text], { requestId: 'many' }), [
      { index: 0, code: 400 },
    ])
    assert.deepEqual(
      sent().map(({ headers, body }) => [headers.get('x-request-id'), body]),
      [
        ['one', text],
        ['one', text],
        ['many', `${text}\n`],
      ],
    )
    for (const send of [
      miot.assets.trackText(text, { requestId: 'a b' }),
      miot.assets.trackTexts([text], { requestId: 'a b' }),
    ]) {
      await assert.rejects(send, { code: 'validation_error' })
    }
    assert.equal(sent().length, 3)
  })

  it('does not request another token when the current one is new', async () => {
    const { miot, logins, sent } = setUp(() => json({ status: 'error', message: 'No' }, 401))
    await assert.rejects(miot.assets.track(reading(1)), { code: 'access_denied', status: 401 })
    assert.deepEqual([logins(), sent().length], [1, 1])
  })

  it('does not answer a 403 with another token', async () => {
    const { miot, logins, sent } = setUp(() => json({ status: 'error', message: 'No' }, 403))
    await assert.rejects(miot.assets.track(reading(1)), { code: 'access_denied', status: 403 })
    assert.deepEqual([logins(), sent().length], [1, 1])
  })

  it('sends nothing for a report that is not valid, not even for a token', async () => {
    const { miot, logins, sent } = setUp()
    const promise = miot.assets.track({ asset_id: '', timestamp: '' })
    await assert.rejects(promise, { code: 'validation_error' })
    assert.deepEqual([logins(), sent().length], [0, 0])
  })

  it('buffers with its defaults', async () => {
    const { miot, sent } = setUp(
      ({ url }) => (url.endsWith('/batch') ? json({}, 404) : success()),
      virtualTiming(),
    )
    const buffer = miot.assets.buffer()
    await buffer.push(reading(1))
    await buffer.push(reading(2))
    assert.equal(await buffer.close(), 0)
    assert.equal(sent().at(-1)?.url, 'https://api.example/v1/asset/track')
  })

  it('shows no secret, however it is printed', async () => {
    const { miot } = setUp()
    await miot.assets.track(reading(1))
    for (const view of [inspect(miot, { depth: 9, showHidden: true }), JSON.stringify(miot)]) {
      assert.doesNotMatch(view, /top-secret|t\.t\.1/)
    }
  })

  it('refuses settings that cannot work', () => {
    assert.throws(() => createClient({ ...OPTIONS, apiUrl: 'api.example' }), ConfigError)
    assert.throws(() => ModularIoT.fromEnv({}), /MIOT_CLIENT_ID is not set/)
    const { miot } = setUp()
    for (const wrong of [
      { maxBatchItems: 0 },
      { maxBatchItems: 1001 },
      { maxQueuedItems: Number.NaN },
    ]) {
      assert.throws(() => miot.assets.buffer(wrong), ConfigError)
    }
  })

  it('refuses a browser', () => {
    Object.assign(globalThis, { window: {} })
    try {
      assert.throws(() => createClient(OPTIONS), /browser/)
    } finally {
      Reflect.deleteProperty(globalThis, 'window')
    }
  })
})
