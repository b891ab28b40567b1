import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError, NetworkError } from '@modulariot/oauth/client'
import { json, type Script, scriptedFetch, virtualTiming } from '../testing/virtual-time.ts'
import { createAdminClient } from './create-admin-client.ts'

const OPTIONS = {
  issuer: 'https://auth.example/',
  client_id: 'admin-1',
  client_secret: 'top-secret',
}
const TOKEN = 'opaque-admin-token'

/** An admin client whose token requests succeed; the script answers all others. */
function setUp(script: Script) {
  const { fetch, requests } = scriptedFetch((request, index) => {
    if (!request.url.endsWith('/oauth2/token')) return script(request, index - 1)
    return json({ access_token: TOKEN, token_type: 'Bearer', expires_in: 86_400 })
  })
  const timing = virtualTiming({ instant: true })
  const admin = createAdminClient({ ...OPTIONS, fetch, timing })
  const sent = () => requests.filter(({ url }) => url.includes('/admin/v1'))
  return { admin, sent, logins: () => requests.length - sent().length }
}

function problem(status: number, code: string, detail: string): Response {
  const type = `urn:modulariot:problem:${code}`
  const headers = { 'x-request-id': 'req-1' }
  return json({ type, title: 'x', status, detail, request_id: 'req-1' }, status, headers)
}

const NEW = { name: 'Pump', grants: [{ audience: 'https://api.example' }] }

describe('the admin client', () => {
  it('repeats a change under one key when its answer is lost, and says so', async () => {
    const { admin, sent, logins } = setUp((_request, index) => {
      if (index === 0) throw new TypeError('fetch failed')
      if (index === 1) return problem(503, 'unavailable', 'Nothing was changed')
      return json({ client: {}, client_secret: null }, 201, { 'idempotent-replay': 'true' })
    })
    const { client_secret, replayed } = await admin.clients.create(NEW)
    assert.deepEqual([client_secret, replayed], [null, true])
    const keys = sent().map(({ headers }) => headers.get('idempotency-key'))
    assert.deepEqual([keys.length, new Set(keys).size, logins()], [3, 1, 1])
    assert.match(keys[0] as string, /^[\da-f-]{36}$/)
    await admin.secrets.rotate('c', { overlap_seconds: 0, idempotencyKey: 'mine' })
    assert.equal(sent().at(-1)?.headers.get('idempotency-key'), 'mine')
  })

  it('sends once what has no key: a change, a deletion and many clients', async () => {
    const { admin, sent } = setUp(() => problem(503, 'unavailable', 'Nothing was changed'))
    const calls = [
      () => admin.clients.update('c', { name: 'x' }),
      () => admin.clients.disable('c'),
      () => admin.secrets.revoke('c', 's'),
      () => Array.fromAsync(admin.clients.createMany([NEW])),
    ]
    for (const call of calls) await assert.rejects(call(), { code: 'server_error', status: 503 })
    assert.equal(sent().length, calls.length)
    await assert.rejects(admin.clients.get('c'), { code: 'server_error' })
    assert.ok(sent().length > calls.length + 1)
  })

  it('gets another token when the first is refused later', async () => {
    let minutes = 0
    const clock = {
      monotonicMs: () => minutes * 60_000,
      wallMs: () => minutes * 60_000,
      after: () => () => {},
    }
    let tokens = 0
    const { fetch } = scriptedFetch(({ url, headers }) => {
      if (url.endsWith('/oauth2/token')) {
        tokens += 1
        return json({ access_token: `t${tokens}`, token_type: 'Bearer', expires_in: 86_400 })
      }
      const isOld = minutes > 0 && headers.get('authorization') === 'Bearer t1'
      return isOld ? problem(401, 'invalid_token', 'revoked') : json({ audiences: [] })
    })
    const admin = createAdminClient({ ...OPTIONS, fetch, clock })
    await admin.audiences.list()
    minutes = 1
    assert.deepEqual([await admin.audiences.list(), tokens], [[], 2])
  })

  const refusals: readonly (readonly [number, string, object])[] = [
    [400, 'invalid_input', { name: 'RefusedError', code: 'refused', isFinal: true }],
    [401, 'invalid_token', { name: 'AccessDeniedError', error: 'invalid_token' }],
    [403, 'insufficient_scope', { name: 'AccessDeniedError', code: 'access_denied' }],
    [404, 'not_found', { name: 'RefusedError', code: 'not_found' }],
    [409, 'conflict', { name: 'RefusedError', code: 'conflict' }],
    [412, 'precondition_failed', { name: 'RefusedError', code: 'precondition_failed' }],
    [429, 'too_many_requests', { name: 'RateLimitedError', retryable: true }],
    [500, 'internal', { name: 'ServerError', retryable: true }],
  ]
  for (const [status, code, expected] of refusals) {
    it(`throws a ${status} with request id, client and URL, and without its token`, async () => {
      const quote = `${code} Bearer ${TOKEN}\n\u001b[31m`
      const { admin } = setUp(() => problem(status, code, quote))
      const call = admin.clients.update('pump', { name: 'x' })
      const error = await call.catch((thrown) => thrown)
      const { name } = error
      for (const [member, value] of Object.entries({ ...expected, status, requestId: 'req-1' })) {
        assert.equal(error[member], value, member)
      }
      const where = '(PATCH https://auth.example/admin/v1/clients/pump, client admin-1)'
      assert.ok(error.message.endsWith(where), error.message)
      assert.doesNotMatch(error.message, /\p{Control}/u)
      const shown = `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}`
      assert.doesNotMatch(shown, new RegExp(`${TOKEN}|top-secret`), name)
    })
  }

  it('shows no secret, however it is printed', async () => {
    const { admin } = setUp(() => json({ audiences: [] }))
    await admin.audiences.list()
    const shown = `${inspect(admin, { depth: 9, showHidden: true })}${JSON.stringify(admin)}`
    assert.doesNotMatch(shown, new RegExp(`${TOKEN}|top-secret`))
  })

  it('takes no page of a proxy for an answer', async () => {
    const { admin } = setUp(() => new Response('<html>Log in</html>'))
    await assert.rejects(admin.clients.create(NEW), { name: 'ServerError', status: 502 })
    const missing = setUp(() => new Response('<html>404</html>', { status: 404 }))
    await assert.rejects(missing.admin.clients.get('c'), { name: 'RefusedError', isFinal: false })
  })

  it('takes JSON of another server for no answer, and for no reason', async () => {
    const { admin } = setUp(() => json({ status: 'ok' }))
    const lists = [
      () => admin.audiences.list(),
      () => admin.secrets.list('c'),
      () => admin.usage.wasteful(),
      () => Array.fromAsync(admin.clients.list()),
      () => admin.members.list(),
      () => admin.invitations.list(),
      () => admin.keys.list(),
    ]
    for (const list of lists) await assert.rejects(list(), { code: 'server_error' })
    const odd = { type: { toString: 1 }, detail: { toString: 1 } }
    await assert.rejects(setUp(() => json(odd, 400)).admin.clients.get('c'), { code: 'refused' })
  })

  it('reports results that are missing, and ends after one that stopped', async () => {
    const created = JSON.stringify({ status: 'created', client: {}, client_secret: 's' })
    const cut = setUp(() => new Response(`${created}\n{"status":"cre`))
    const call = Array.fromAsync(cut.admin.clients.createMany([NEW, NEW]))
    await assert.rejects(call, /1 results for 2 clients/)
    const stopped = JSON.stringify({ status: 'stopped', message: 'm' })
    const { admin, sent } = setUp(() => new Response(`${created}\n${stopped}\n`))
    const results = await Array.fromAsync(admin.clients.createMany(Array(600).fill(NEW)))
    assert.deepEqual(
      results.map(({ status }) => status),
      ['created', 'stopped'],
    )
    assert.equal(sent().length, 1)
  })

  it('cuts many clients into requests of five hundred', async () => {
    const { admin, sent } = setUp(({ body }) => {
      const results = body.split('\n').map(() => '{"status":"exists","client":{}}')
      return new Response(results.join('\n'))
    })
    async function* clients() {
      for (let n = 0; n < 1001; n += 1) yield { ...NEW, external_id: `e${n}` }
    }
    assert.equal((await Array.fromAsync(admin.clients.createMany(clients()))).length, 1001)
    assert.deepEqual(
      sent().map(({ body }) => body.split('\n').length),
      [500, 500, 1],
    )
  })

  it('changes many clients a hundred at a time under one key, and ends after one that stopped', async () => {
    const { admin, sent } = setUp(({ body }, index) => {
      const { client_ids } = JSON.parse(body) as { client_ids: string[] }
      const status = index === 1 ? 'stopped' : 'changed'
      return json({ results: client_ids.map((client_id) => ({ client_id, status })) })
    })
    const ids = Array.from({ length: 250 }, (_, n) => `c${n}`)
    const change = { action: 'add_tags', tags: ['north'] } as const
    const results = await Array.fromAsync(admin.clients.changeMany(ids, change))
    assert.deepEqual(
      results.map(({ client_id }) => client_id),
      ids.slice(0, 200),
    )
    const [first, second] = sent().map(({ headers, body }) => [
      headers.get('idempotency-key'),
      JSON.parse(body),
    ])
    assert.equal(sent().length, 2)
    assert.deepEqual(first?.[1], { ...change, client_ids: ids.slice(0, 100) })
    assert.ok(first?.[0] && first[0] === second?.[0])
    assert.deepEqual(await Array.fromAsync(admin.clients.changeMany([], change)), [])
  })

  it('ends a list whose pages name themselves', async () => {
    const { admin } = setUp(() => json({ clients: [], next_cursor: 'same' }))
    await assert.rejects(Array.fromAsync(admin.clients.list()), /does not end/)
  })

  it('sends no id that would change the path', async () => {
    const { admin, sent } = setUp(() => json({}))
    await assert.rejects(admin.clients.get('..'), RangeError)
    await assert.rejects(admin.secrets.revoke('c', ''), RangeError)
    await admin.clients.get('a/b')
    assert.deepEqual(
      sent().map(({ url }) => url),
      ['https://auth.example/admin/v1/clients/a%2Fb'],
    )
  })

  it('administers members with one request each, and no key', async () => {
    const { admin, sent } = setUp(() => json({ members: [] }))
    await admin.members.list()
    await admin.members.changeRole('person_1', 'viewer')
    await admin.members.remove('person_1')
    await admin.invitations.create({ email: 'a@b.example', role: 'viewer' })
    await admin.invitations.revoke('invitation_1')
    await admin.organization.get()
    await admin.organization.rename('Acme')
    assert.deepEqual(
      sent().map(({ method, url, body }) => `${method} ${url.split('/admin/v1')[1]} ${body}`),
      [
        'GET /members ',
        'PATCH /members/person_1 {"role":"viewer"}',
        'DELETE /members/person_1 ',
        'POST /invitations {"email":"a@b.example","role":"viewer"}',
        'DELETE /invitations/invitation_1 ',
        'GET /organization ',
        'PATCH /organization {"name":"Acme"}',
      ],
    )
    assert.ok(sent().every(({ headers }) => !headers.has('idempotency-key')))
    await assert.rejects(admin.members.remove('..'), RangeError)
  })

  it('refuses settings that cannot work, and plaintext to other machines', () => {
    const plain = { ...OPTIONS, issuer: 'http://auth.example' }
    assert.throws(() => createAdminClient(plain), /must be https: outside of this machine/)
    const { issuer: _, ...rest } = OPTIONS
    assert.throws(() => createAdminClient(rest as never), ConfigError)
  })

  it('ends at its signal, with its reason', async () => {
    const { admin } = setUp(() => Promise.reject(new NetworkError('x')))
    const signal = AbortSignal.abort(new Error('enough'))
    await assert.rejects(admin.clients.create(NEW, { signal }), /enough/)
  })
})
