/**
 * The admin API over HTTP: its functions, and its access control. The list of endpoints comes from
 * its own OpenAPI document, so that none is missing here.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type RunningServer, startServer } from './support/running-server.ts'

let server: RunningServer

let home: string

before(async () => {
  server = await startServer()
  const { stdout } = await server.miot(['orgs', 'list', '--json'])
  home = (JSON.parse(stdout) as { organizations: [{ org_id: string }] }).organizations[0].org_id
})
after(() => server.stop())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, never>
}

type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; headers?: Record<string, string> },
) => Promise<Answer>

/** An administrator of one tenant, with a token of our own login. */
async function administrator(options: readonly string[] = []): Promise<Call> {
  return (await administratorWithId(options)).admin
}

async function administratorWithId(
  options: readonly string[] = [],
): Promise<{ client_id: string; admin: Call; again: () => Promise<Call> }> {
  const audience = `${server.url}/admin/v1`
  const made = await server.miot([
    ...['clients', 'create', '--name', 'admin', '--audience', audience, '--json'],
    ...(options.includes('--org') ? [] : ['--org', home]),
    ...options,
  ])
  const { client_id, client_secret } = JSON.parse(made.stdout)
  const body = new URLSearchParams({
    ...{ grant_type: 'client_credentials', client_id, client_secret, audience },
  })
  async function again(): Promise<Call> {
    const answer = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })
    const { access_token } = (await answer.json()) as { access_token: string }
    return (method, path, { body: sent, headers = {} } = {}) =>
      call(method, path, {
        headers: {
          authorization: `Bearer ${access_token}`,
          ...(sent !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(sent !== undefined && {
          body: typeof sent === 'string' ? sent : JSON.stringify(sent),
        }),
      })
  }
  return { client_id, admin: await again(), again }
}

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, { method, ...init })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  const json = type.includes('json') && text.startsWith('{')
  return {
    status: response.status,
    headers: response.headers,
    body: json && !type.includes('ndjson') ? JSON.parse(text) : ({ text } as never),
  }
}

const api = () => [{ audience: server.credentials.audience }]

async function clientWithTwoSecrets(admin: Call) {
  const { body } = await newClient(admin)
  const { client_id } = (body as unknown as { client: { client_id: string } }).client
  const added = await admin('POST', `/admin/v1/clients/${client_id}/secrets`, { body: {} })
  return {
    client: client_id,
    secret_id: (added.body as unknown as { secret_id: string }).secret_id,
  }
}

async function newClient(admin: Call, more: object = {}): Promise<Answer> {
  const body = { name: 'Pump', grants: api(), ...more }
  return admin('POST', '/admin/v1/clients', { body })
}

/** The client_id of a new client. */
async function newClientId(admin: Call, more: Record<string, unknown> = {}): Promise<string> {
  const { body } = await newClient(admin, more)
  return (body as unknown as { client: { client_id: string } }).client.client_id
}

/** Every operation of the document, with the parameters of its path filled in. */
async function operations(values: Record<string, string>) {
  const document = (await call('GET', '/admin/v1/openapi.json')).body as unknown as {
    paths: Record<string, Record<string, { security: { admin?: [string] }[] }>>
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'none'),
      isOfOneClient: path.includes('{client_id}'),
      // Undefined: for persons only, so every client is refused.
      scope: security[0]?.admin?.[0],
    })),
  )
}

describe('the admin API', () => {
  it('creates a client that can log in at once, and shows its secret once', async () => {
    const admin = await administrator()
    const made = await newClient(admin, { tags: ['north'], external_id: 'pump-1' })
    assert.equal(made.status, 201)
    const { client, client_secret } = made.body as unknown as {
      client: { client_id: string; secrets: object[] }
      client_secret: string
    }
    const login = await fetch(`${server.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...server.credentials, client_id: client.client_id, client_secret }),
    })
    assert.equal(login.status, 200)
    const shown = await admin('GET', `/admin/v1/clients/${client.client_id}`)
    assert.ok(!JSON.stringify(shown.body).includes(client_secret))
    assert.ok(!JSON.stringify(shown.body).includes('digest'))
  })

  it('returns problems as RFC 9457 says, naming every fault', async () => {
    const admin = await administrator()
    const { status, headers, body } = await newClient(admin, { grants: 'all', tags: [7] })
    assert.equal(status, 400)
    assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8')
    const { type, title, detail } = body as Record<string, string>
    assert.equal(type, 'urn:modulariot:problem:invalid_input')
    assert.ok(title)
    assert.match(detail ?? '', /tags\.0 .*grants |grants .*tags\.0 /)
  })

  it('answers an unknown path with a problem, too', async () => {
    const { status, headers, body } = await call('GET', '/admin/v1/nowhere', {
      headers: { 'x-request-id': 'mine-1' },
    })
    assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.deepEqual(body, {
      type: 'urn:modulariot:problem:not_found',
      title: 'Not found',
      status,
      detail: 'There is no such endpoint',
      request_id: 'mine-1',
    })
  })

  it('finds clients by text, tag, status and external id, page by page', async () => {
    const admin = await administrator(['--org', await newOrganization()])
    for (let index = 0; index < 5; index++) {
      await newClient(admin, { name: `Valve ${index}`, tags: ['valves'], external_id: `v${index}` })
    }
    const find = async (query: string): Promise<string[]> => {
      const { body } = await admin('GET', `/admin/v1/clients?${query}`)
      return (body as unknown as { clients: { name: string }[] }).clients.map(({ name }) => name)
    }
    assert.equal((await find('tag=valves')).length, 5)
    assert.deepEqual(await find('external_id=v3'), ['Valve 3'])
    assert.deepEqual(await find('search=VALVE%204'), ['Valve 4'])
    assert.deepEqual(await find('status=disabled'), [])
    const seen = new Set<string>()
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await admin('GET', `/admin/v1/clients?limit=2${query}`)
      const page = body as unknown as {
        clients: { client_id: string }[]
        next_cursor: string | null
      }
      for (const { client_id } of page.clients) {
        assert.ok(!seen.has(client_id))
        seen.add(client_id)
      }
      cursor = page.next_cursor
    }
    assert.equal(seen.size, 6)
  })

  it('refuses a change with If-Match when the client has changed since', async () => {
    const admin = await administrator()
    const path = `/admin/v1/clients/${await newClientId(admin)}`
    const change = (tag: string, etag: string) =>
      admin('PATCH', path, { body: { tags: [tag] }, headers: { 'if-match': etag } })
    const first = await change('a', '"v1"')
    assert.equal(first.status, 200)
    assert.equal(first.headers.get('etag'), '"v2"')
    assert.equal((await change('b', '"v1"')).status, 412)
    assert.equal((await change('b', 'v2')).status, 400)
    assert.deepEqual((await admin('GET', path)).body.tags, ['a'])
  })

  it('refuses an Idempotency-Key where it would have no effect, and names what makes a retry safe', async () => {
    const admin = await administrator()
    const { client, secret_id } = await clientWithTwoSecrets(admin)
    const path = `/admin/v1/clients/${client}`
    const headers = { 'idempotency-key': 'one' }
    for (const [method, url, body, instead] of [
      ['POST', '/admin/v1/clients/bulk', '{}', /external_id/],
      ['PATCH', path, { name: 'Other' }, /If-Match/],
      ['DELETE', `${path}/secrets/${secret_id}`, undefined, /send it again/],
    ] as const) {
      const type = method === 'POST' ? { 'content-type': 'application/x-ndjson' } : {}
      const refused = await admin(method, url, { body, headers: { ...headers, ...type } })
      assert.equal(refused.status, 400, url)
      assert.match(String(refused.body.detail), /^Idempotency-Key is not accepted here; /)
      assert.match(String(refused.body.detail), instead)
    }
    // Nothing was changed, and a read ignores the key.
    const { body } = await admin('GET', path, { headers })
    const { name, secrets } = body as unknown as { name: string; secrets: unknown[] }
    assert.deepEqual([name, secrets.length], ['Pump', 2])
  })

  it('makes one change for one Idempotency-Key, and shows no secret a second time', async () => {
    const admin = await administrator()
    const attempt = (name: string) =>
      admin('POST', '/admin/v1/clients', {
        body: { name, grants: api() },
        headers: { 'idempotency-key': 'one' },
      })
    const answers = await Promise.all([attempt('Same'), attempt('Same'), attempt('Same')])
    const made = answers.map(
      ({ body }) =>
        body as unknown as { client: { client_id: string }; client_secret: string | null },
    )
    assert.equal(new Set(made.map(({ client }) => client.client_id)).size, 1)
    assert.equal(made.filter(({ client_secret }) => client_secret !== null).length, 1)
    const replays = answers.filter(({ headers }) => headers.get('idempotent-replay') === 'true')
    assert.equal(replays.length, 2)
    assert.equal((await attempt('Other')).status, 409)
  })

  it('rotates with an overlap: old and new secret both work, and a revoked one does not', async () => {
    const admin = await administrator()
    const made = (await newClient(admin)).body as unknown as {
      client: { client_id: string; secrets: { secret_id: string }[] }
      client_secret: string
    }
    const { client_id, secrets } = made.client
    const path = `/admin/v1/clients/${client_id}/secrets`
    const rotated = (await admin('POST', `${path}/rotate`, { body: { overlap_seconds: 60 } }))
      .body as unknown as { client_secret: string }
    assert.equal(await login(client_id, made.client_secret), 200)
    assert.equal(await login(client_id, rotated.client_secret), 200)
    assert.equal((await admin('DELETE', `${path}/${secrets[0]?.secret_id}`)).status, 200)
    assert.equal(await login(client_id, made.client_secret), 401)
    assert.equal(await login(client_id, rotated.client_secret), 200)
    await admin('POST', `${path}/rotate`, { body: { overlap_seconds: 0 } })
    assert.equal(await login(client_id, rotated.client_secret), 401)
  })

  it('creates many from NDJSON; an invalid line fails alone, and a repetition creates none', async () => {
    const admin = await administrator()
    const lines = Array.from({ length: 300 }, (_, index) =>
      JSON.stringify({ name: `Bulk ${index}`, external_id: `bulk-${index}`, grants: api() }),
    )
    lines[7] = '{bad'
    lines[9] = JSON.stringify({ name: 'x', grants: [{ audience: 'https://nowhere.example' }] })
    const send = async (query = ''): Promise<string[]> => {
      const { body } = await admin('POST', `/admin/v1/clients/bulk${query}`, {
        body: lines.join('\n'),
        headers: { 'content-type': 'application/x-ndjson' },
      })
      const text = (body as Record<string, string>).text ?? ''
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).status)
    }
    const dry = await send('?dry_run=true')
    assert.equal(dry.filter((status) => status === 'valid').length, 298)
    for (const value of ['?dry_run=', '?dry_run=yes', '?dry_run=true&dry_run=true']) {
      const refused = await admin('POST', `/admin/v1/clients/bulk${value}`, { body: '{}' })
      assert.equal(refused.status, 400, value)
    }
    const first = await send()
    assert.equal(first.filter((status) => status === 'created').length, 298)
    assert.equal(first[7], 'refused')
    assert.equal(first[9], 'refused')
    const second = await send()
    assert.equal(second.filter((status) => status === 'exists').length, 298)
    assert.equal(second.filter((status) => status === 'created').length, 0)
  })
})

describe('every endpoint of the admin API', () => {
  it('refuses a request without a token, with another audience’s token, or without the scope', async () => {
    const login = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...server.credentials }),
    })
    const { access_token } = (await login.json()) as { access_token: string }
    const auditor = await administrator(['--scope', 'audit:read'])
    const reader = await administrator(['--scope', 'clients:read'])
    const all = await operations({})
    assert.ok(all.length >= 10)
    for (const { method, path, scope } of all) {
      assert.equal((await call(method, path)).status, 401, `${method} ${path}`)
      const foreign = { headers: { authorization: `Bearer ${access_token}` } }
      assert.equal((await call(method, path, foreign)).status, 401, `${method} ${path}`)
      const weak = scope === 'audit:read' ? reader : auditor
      assert.equal((await weak(method, path)).status, 403, `${method} ${path}`)
    }
  })

  it('returns the same for another tenant’s client as for a missing one', async () => {
    const mine = await administrator()
    const client_id = await newClientId(mine)
    const strangers = [
      await administrator(['--org', await newOrganization()]),
      await administrator(['--environment', 'production']),
    ]
    const values = { client_id, secret_id: 'secret_x' }
    const missing = { client_id: 'client_0000000000000000000000', secret_id: 'secret_x' }
    const bodies: Record<string, unknown> = {
      PATCH: { tags: ['taken'] },
      POST: { overlap_seconds: 0 },
    }
    const ofOneClient = (await operations(values)).filter((operation) => operation.isOfOneClient)
    const ofNone = (await operations(missing)).filter((operation) => operation.isOfOneClient)
    assert.ok(ofOneClient.length >= 5)
    for (const [index, { method, path }] of ofOneClient.entries()) {
      const body = method === 'POST' && path.endsWith('/secrets') ? {} : bodies[method]
      const options = body === undefined ? {} : { body }
      for (const stranger of strangers) {
        const answer = await stranger(method, path, options)
        const none = await stranger(method, ofNone[index]?.path ?? '', options)
        assert.equal(answer.status, 404, `${method} ${path}`)
        assert.equal(answer.status, none.status)
        assert.equal(answer.body.title, none.body.title)
      }
    }
    const { body } = await mine('GET', `/admin/v1/clients/${client_id}`)
    assert.equal(body.version, 1)
    for (const stranger of strangers) {
      for (const path of ['/admin/v1/clients?limit=500', '/admin/v1/audit?limit=500']) {
        const list = await stranger('GET', path)
        assert.ok(!JSON.stringify(list.body).includes(client_id), path)
      }
    }
  })

  it('lets a caller grant no more than it has', async () => {
    const weak = await administrator(['--scope', 'clients:write', '--scope', 'clients:read'])
    const strong = await administrator()
    const audience = `${server.url}/admin/v1`
    const self = await newClient(weak, { grants: [{ audience, scopes: ['audit:read'] }] })
    assert.equal(self.status, 403)
    const { body } = await newClient(strong, { grants: [{ audience, scopes: ['audit:read'] }] })
    const { client_id } = (body as unknown as { client: { client_id: string } }).client
    const path = `/admin/v1/clients/${client_id}`
    assert.equal((await weak('POST', `${path}/secrets`, { body: {} })).status, 403)
    assert.equal((await weak('PATCH', path, { body: { status: 'disabled' } })).status, 403)
  })

  it('checks the current rights of the token’s client, not those at the login', async () => {
    const strong = await administrator()
    const { client_id, admin, again } = await administratorWithId()
    const path = `/admin/v1/clients/${client_id}`
    assert.equal((await admin('GET', path)).status, 200)

    const grants = [{ audience: `${server.url}/admin/v1`, scopes: ['clients:write'] }]
    assert.equal((await strong('PATCH', path, { body: { grants } })).status, 200)
    // The removed scope ended the token; a new one has the remaining scopes, and cannot restore the
    // removed one.
    assert.equal((await admin('GET', path)).status, 401)
    const all = [{ audience: `${server.url}/admin/v1` }]
    assert.equal((await admin('PATCH', path, { body: { grants: all } })).status, 401)
    const weaker = await again()
    assert.equal((await weaker('GET', path)).status, 403)
    assert.equal((await weaker('PATCH', path, { body: { grants: all } })).status, 403)

    const allowlist = { mode: 'enforce', cidrs: ['192.0.2.1'] }
    assert.equal((await strong('PATCH', path, { body: { allowlist } })).status, 200)
    assert.equal((await weaker('PATCH', path, { body: { tags: ['x'] } })).status, 401)

    const body = { status: 'disabled', allowlist: { mode: 'off', cidrs: [] } }
    assert.equal((await strong('PATCH', path, { body })).status, 200)
    assert.equal((await weaker('PATCH', path, { body: { status: 'active' } })).status, 401)
    assert.equal((await weaker('POST', `${path}/secrets`, { body: {} })).status, 401)
  })

  it('treats any admin scope as administrative, whatever its audience is called', async () => {
    const weak = await administrator(['--scope', 'clients:write'])
    const audience = 'https://former-issuer.example/admin/v1'
    await server.miot(['audiences', 'create', audience, '--scope', 'audit:read', 'other'])
    assert.equal(
      (await newClient(weak, { grants: [{ audience, scopes: ['audit:read'] }] })).status,
      403,
    )
    assert.equal((await newClient(weak, { grants: [{ audience, scopes: ['other'] }] })).status, 201)
  })

  it('replays a response only to the client of the first request', async () => {
    const [one, other] = [await administrator(), await administrator()]
    const body = { name: 'Once', grants: api() }
    const attempt = (admin: Call) =>
      admin('POST', '/admin/v1/clients', { body, headers: { 'idempotency-key': 'mine' } })
    assert.equal((await attempt(one)).status, 201)
    assert.equal((await attempt(other)).status, 409)
  })

  it('refuses unknown filters, and terminal control characters', async () => {
    const admin = await administrator()
    for (const query of ['org_id=x', 'environment=production', 'limit=0x10', 'tag=a&tag=b']) {
      assert.equal((await admin('GET', `/admin/v1/clients?${query}`)).status, 400, query)
    }
    for (const name of ['\u001b[2J', 'a\nb', '\u0000', '\ud800']) {
      assert.equal((await newClient(admin, { name })).status, 400)
    }
    const twice = `{"name":"a","name":"b","grants":${JSON.stringify(api())}}`
    assert.equal((await admin('POST', '/admin/v1/clients', { body: twice })).status, 400)
    const path = `/admin/v1/clients/${await newClientId(admin)}/secrets`
    for (const expires_at of [
      '2099',
      '1 Jan 2099',
      '2099-01-01T00:00:00',
      '2001-01-01T00:00:00Z',
    ]) {
      assert.equal((await admin('POST', path, { body: { expires_at } })).status, 400, expires_at)
    }
    const body = { expires_at: '2099-01-01T01:00:00+01:00' }
    const added = (await admin('POST', path, { body })).body as unknown as {
      client: { secrets: { expires_at: string }[] }
    }
    assert.equal(added.client.secrets.at(-1)?.expires_at, '2099-01-01T00:00:00.000Z')
  })

  it('refuses a line longer than a client may be without reading it, and continues', async () => {
    const admin = await administrator()
    const long = `{"name":"x","tags":[${'1,'.repeat(2_000_000)}1]}`
    const lines = [long, JSON.stringify({ name: 'x', grants: api() }), '{"__proto__":{}}'].join(
      '\n',
    )
    const headers = { 'content-type': 'application/x-ndjson' }
    const { body } = await admin('POST', '/admin/v1/clients/bulk', { body: lines, headers })
    const text = (body as Record<string, string>).text ?? ''
    const statuses = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).status)
    assert.deepEqual(statuses, ['refused', 'created', 'refused'])
  })

  it('adds the changed members to the trail, not the whole client', async () => {
    const admin = await administrator()
    const tags = Array.from({ length: 50 }, (_, index) => `tag-${index}-`.padEnd(100, 'x'))
    const client_id = await newClientId(admin, { tags })
    const sizes: number[] = []
    for (const body of [
      { name: 'ab' },
      { tags: tags.slice(1) },
      { tags: [...tags, 'a'].slice(1) },
    ]) {
      assert.equal((await admin('PATCH', `/admin/v1/clients/${client_id}`, { body })).status, 200)
      const page = await admin('GET', `/admin/v1/audit?target=${client_id}&limit=1`)
      const [entry] = (page.body as unknown as { entries: { before: object; after: object }[] })
        .entries
      const changed = Object.keys(body)[0] as string
      assert.deepEqual(
        Object.keys(entry?.before ?? {}).sort(),
        [changed, 'updated_at', 'version'].sort(),
      )
      sizes.push(JSON.stringify(entry).length)
    }
    assert.ok(Math.max(...sizes) < 1024, sizes.join())
  })

  it('records actor, action and address in the trail, and never a secret', async () => {
    const admin = await administrator()
    const made = (await newClient(admin)).body as unknown as {
      client: { client_id: string }
      client_secret: string
    }
    const { client_id } = made.client
    await admin('PATCH', `/admin/v1/clients/${client_id}`, { body: { status: 'disabled' } })
    const { body } = await admin('GET', `/admin/v1/audit?target=${client_id}`)
    const entries = (body as unknown as { entries: Record<string, unknown>[] }).entries
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['client.disabled', 'client.created'],
    )
    for (const { actor, address, request_id } of entries) {
      assert.equal((actor as { kind: string }).kind, 'client')
      assert.equal(address, '127.0.0.1')
      assert.ok(request_id)
    }
    assert.ok(!JSON.stringify(body).includes(made.client_secret))
    assert.ok(!JSON.stringify(body).includes('digest":"'))
    const verified = await server.miot(['audit', 'verify', '--json'])
    assert.equal(verified.status, 0)
  })
})

async function newOrganization(): Promise<string> {
  const { stdout } = await server.miot(['orgs', 'create', '--name', 'Other', '--json'])
  return (JSON.parse(stdout) as { org_id: string }).org_id
}

async function login(client_id: string, client_secret: string): Promise<number> {
  const response = await fetch(`${server.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...server.credentials, client_id, client_secret }),
  })
  return response.status
}
