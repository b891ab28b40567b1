/**
 * The admin API from a machine that has only credentials: by `miot --url`, with the same commands
 * as on the server's machine, and by the SDK's admin client.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createAdminClient, type NewClient, RefusedError } from '@modulariot/sdk/admin'
import { type RunningServer, runMiot, startServer } from './support/running-server.ts'
import { createClient } from './support/token-requests.ts'

let server: RunningServer
let elsewhere: string
let credentials: Record<string, string>

before(async () => {
  server = await startServer()
  elsewhere = mkdtempSync(join(tmpdir(), 'miot-elsewhere-'))
  const audience = `${server.url}/admin/v1`
  const { client_id, client_secret } = await createClient(server, '--audience', audience)
  credentials = { MIOT_CLIENT_ID: client_id, MIOT_CLIENT_SECRET: client_secret }
})
after(async () => {
  rmSync(elsewhere, { recursive: true, force: true })
  await server.stop()
})

/** The JSON output of a command that must succeed. */
async function miot(...args: string[]) {
  const result = await run(...args)
  assert.equal(result.status, 0, result.stderr)
  return JSON.parse(result.stdout)
}

function run(...args: string[]) {
  return runMiot(['--url', server.url, '--json', ...args], {
    env: { MIOT_DATA_DIR: elsewhere, ...credentials },
  })
}

describe('miot --url', () => {
  it('revokes a client’s tokens, and cannot create a resource server', async () => {
    const { client_id } = await miot('clients', 'create', '--name', 'Cut off')
    const { tokens_revoked_until } = await miot('clients', 'revoke-tokens', client_id)
    assert.ok(Math.abs(tokens_revoked_until - Date.now() / 1000) < 30)
    const refused = await run('clients', 'resource-server', client_id, '--audience', 'https://x')
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /on the machine that runs/)
  })

  it('creates, finds, changes and disables a client, and rotates its secrets', async () => {
    const made = await miot('clients', 'create', '--name', 'Far pump', '--tag', 'far')
    assert.match(made.client_secret, /^miot_dev_/)
    assert.equal(made.token_url, `${server.url}/api/v1/login`)
    const { client_id } = made

    const found = await miot('clients', 'list', '--tag', 'far')
    assert.deepEqual(
      found.clients.map((one: { client_id: string }) => one.client_id),
      [client_id],
    )
    const updated = await miot('clients', 'update', client_id, '--external-id', 'far-1')
    assert.equal(updated.external_id, 'far-1')
    const added = await miot('secrets', 'add', client_id, '--label', 'spare')
    const rotated = await miot('secrets', 'rotate', client_id, '--overlap', '1h')
    assert.notEqual(rotated.client_secret, added.client_secret)
    await miot('secrets', 'revoke', client_id, added.secret_id)
    const { secrets } = await miot('secrets', 'list', client_id)
    assert.deepEqual(
      secrets.map((one: { label: string; hint: string }) => [one.label, one.hint]),
      [
        ['first', made.client_secret.slice(-4)],
        ['rotated', rotated.client_secret.slice(-4)],
      ],
    )
    assert.equal((await miot('clients', 'disable', client_id)).status, 'disabled')
    assert.equal((await miot('clients', 'show', client_id)).version, 6)

    const { entries } = await miot('audit', 'list', '--target', client_id)
    assert.deepEqual(
      entries.map(({ action }: { action: string }) => action),
      [
        'client.disabled',
        'secret.revoked',
        'secret.rotated',
        'secret.added',
        'client.updated',
        'client.created',
      ],
    )
    // Each of these commands logged in again, which this list must show.
    const wasteful = await miot('clients', 'list', '--wasteful')
    assert.deepEqual(
      wasteful.clients.map((one: { client_id: string }) => one.client_id),
      [credentials.MIOT_CLIENT_ID],
    )
  })

  it('lists the keys and the audiences', async () => {
    const { keys } = await miot('keys', 'list')
    assert.deepEqual(
      keys.map(({ alg, state }: { alg: string; state: string }) => [alg, state]),
      [
        ['RS256', 'active'],
        ['RS256', 'next'],
      ],
    )
    const { audiences } = await miot('audiences', 'list')
    assert.deepEqual(
      audiences.map(({ signing_alg }: { signing_alg: string }) => signing_alg),
      ['RS256', 'RS256', 'RS256'],
    )
  })

  it('rotates, tags and disables the clients that a filter finds', async () => {
    for (const name of ['One', 'Two']) {
      await miot('clients', 'create', '--name', name, '--tag', 'far-many')
    }
    const out = join(elsewhere, 'rotated.csv')
    const rotate = ['secrets', 'rotate', '--tag', 'far-many', '--overlap', '1h', '--out', out]
    const { rotated, left } = await miot(...rotate)
    assert.deepEqual([rotated, left], [2, 0])
    const tagged = await miot('clients', 'tag', '--tag', 'far-many', '--add', 'off')
    assert.equal(tagged.changes[0].changed, 2)
    const disabled = await miot('clients', 'disable', '--tag', 'far-many')
    assert.equal(disabled.changes[0].changed, 2)
  })

  it('imports a file line by line', async () => {
    const file = join(elsewhere, 'clients.ndjson')
    const grants = [{ audience: server.credentials.audience }]
    const lines = [{ name: 'a', external_id: 'i1', grants }, { name: 'b' }]
    writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{bad\n`)
    const { status, stdout } = await run('clients', 'import', file)
    assert.equal(status, 1)
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      results.slice(0, -1).map((result) => [result.line, result.external_id, result.status]),
      [
        [1, 'i1', 'created'],
        [2, null, 'created'],
        [3, null, 'refused'],
      ],
    )
    assert.deepEqual(results.at(-1), { summary: { created: 2, exists: 0, refused: 1 } })
    const dry = await run('clients', 'import', file, '--dry-run')
    assert.deepEqual(
      [dry.status, JSON.parse(dry.stdout.trim().split('\n').at(-1) as string)],
      [1, { summary: { valid: 1, exists: 1, refused: 1 } }],
    )
  })

  it('refuses options and commands that are not available with --url', async () => {
    const refused = [
      ['clients', 'create', '--name', 'x', '--environment', 'production'],
      ['clients', 'create', '--name', 'x', '--org', 'org_other'],
      ['clients', 'list', '--environment', 'production'],
      ['orgs', 'create', '--name', 'x'],
      ['audiences', 'create', 'https://x', '--scope', 'x'],
      ['keys', 'rotate'],
      ['audit', 'verify'],
    ]
    for (const words of refused) assert.equal((await run(...words)).status, 2, words.join(' '))
  })

  it('reports faults with the exit status of a local command', async () => {
    for (const id of ['client_unknown', '..', '']) {
      const { status, stderr } = await run('clients', 'show', id)
      assert.deepEqual([status, JSON.parse(stderr).error.code], [3, 'not_found'], id)
    }
    assert.equal((await run('clients', 'create', '--name', ' ')).status, 2)
    const wrong = await runMiot(['--url', server.url, '--json', 'clients', 'list'], {
      env: { MIOT_DATA_DIR: elsewhere, ...credentials, MIOT_CLIENT_SECRET: 'wrong' },
    })
    assert.equal(wrong.status, 4)
    assert.equal(JSON.parse(wrong.stderr).error.code, 'auth')
  })
})

describe('the admin client of the SDK', () => {
  const requests = new Set<string>()

  /** Records method and path of each request to the admin API. */
  function adminClient(client_secret = credentials.MIOT_CLIENT_SECRET as string) {
    return createAdminClient({
      ...{ issuer: server.url, client_id: credentials.MIOT_CLIENT_ID as string, client_secret },
      fetch(input, init) {
        requests.add(`${init?.method} ${new URL(String(input)).pathname}`)
        return fetch(input, init)
      },
    })
  }

  const newClient = (external_id: string): NewClient => ({
    ...{ name: 'Coded', external_id, tags: ['coded'] },
    grants: [{ audience: server.credentials.audience }],
  })

  it('creates, finds, changes, disables and enables clients', async () => {
    const admin = adminClient()
    const { client, client_secret, replayed } = await admin.clients.create(newClient('c1'))
    assert.match(client_secret ?? '', /^miot_dev_/)
    assert.equal(replayed, false)
    const { client_id, version } = client
    assert.deepEqual(await admin.clients.get(client_id), client)
    assert.equal(await admin.clients.get('client_none'), null)
    const change = { name: 'Changed', grants: [{ ...newClient('').grants[0], scopes: [] }] }
    const emptied = admin.clients.update(client_id, change as never)
    await assert.rejects(emptied, { name: 'RefusedError', status: 400, isFinal: true })
    const changed = await admin.clients.update(client_id, { name: 'New' }, { ifVersion: version })
    assert.deepEqual([changed.name, changed.version], ['New', version + 1])
    const stale = admin.clients.update(client_id, { name: 'Old' }, { ifVersion: version })
    await assert.rejects(stale, { code: 'precondition_failed' })
    await assert.rejects(admin.clients.create(newClient('c1')), { code: 'conflict' })
    assert.equal((await admin.clients.disable(client_id)).status, 'disabled')
    assert.equal((await admin.clients.enable(client_id)).status, 'active')
    assert.ok(((await admin.clients.revokeTokens(client_id)).tokens_revoked_until ?? 0) > 0)
  })

  it('adds, rotates, lists and revokes secrets, once for each key', async () => {
    const admin = adminClient()
    const { client_id } = (await admin.clients.create(newClient('s1'))).client
    const idempotencyKey = `key-${client_id}`
    const added = await admin.secrets.add(client_id, { label: 'spare', idempotencyKey })
    const again = await admin.secrets.add(client_id, { label: 'spare', idempotencyKey })
    assert.deepEqual([again.secret_id, again.replayed], [added.secret_id, true])
    assert.deepEqual([typeof added.client_secret, again.client_secret], ['string', null])
    const rotated = await admin.secrets.rotate(client_id, { overlap_seconds: 60 })
    await admin.secrets.revoke(client_id, added.secret_id)
    await assert.rejects(admin.secrets.revoke(client_id, added.secret_id), { code: 'not_found' })
    const secrets = await admin.secrets.list(client_id)
    assert.deepEqual(
      secrets.map(({ label, used }) => [label, used]),
      [
        ['first', null],
        ['rotated', null],
      ],
    )
    assert.equal(secrets.at(-1)?.secret_id, rotated.secret_id)
  })

  it('changes many clients, with a result and a new secret for each', async () => {
    const admin = adminClient()
    const made = [
      await admin.clients.create(newClient('b1')),
      await admin.clients.create(newClient('b2')),
    ]
    const ids = [...made.map(({ client }) => client.client_id), 'client_none']
    const change = { action: 'rotate', overlap_seconds: 60 } as const
    const results = await Array.fromAsync(admin.clients.changeMany(ids, change))
    assert.deepEqual(
      results.map(({ status, client_secret, error }) => [
        status,
        typeof client_secret,
        error?.code,
      ]),
      [
        ['changed', 'string', undefined],
        ['changed', 'string', undefined],
        ['refused', 'undefined', 'not_found'],
      ],
    )
  })

  it('creates many, and pages through clients and the trail', async () => {
    const admin = adminClient()
    function* inputs() {
      for (let n = 0; n < 501; n += 1) yield { ...newClient(`m${n}`), tags: ['many'] }
      yield { ...newClient('m0'), tags: ['many'] }
      yield { ...newClient('m-bad'), name: '' }
    }
    const results = await Array.fromAsync(admin.clients.createMany(inputs()))
    const counts = Object.groupBy(results, ({ status }) => status)
    assert.deepEqual([counts.created?.length, counts.exists?.length], [501, 1])
    assert.equal(results.at(-1)?.status, 'refused')
    const listed = await Array.fromAsync(admin.clients.list({ tag: 'many' }))
    assert.equal(new Set(listed.map(({ external_id }) => external_id)).size, 501)
    const first = await admin.clients.page({ tag: 'many', limit: 2 })
    const second = await admin.clients.page({ tag: 'many', limit: 2, cursor: first.next_cursor })
    assert.deepEqual([...first.clients, ...second.clients], listed.slice(0, 4))
    const target = listed[0]?.client_id as string
    const [created] = await Array.fromAsync(admin.audit.list({ target }))
    assert.deepEqual([created?.action, created?.target.id], ['client.created', target])
    const entries = await Array.fromAsync(admin.audit.list({ action: 'client.created' }))
    assert.ok(entries.length > 500)
    assert.equal((await admin.audit.page({ limit: 3 })).entries.length, 3)
  })

  it('reads audiences, usage and the checkpoint', async () => {
    const admin = adminClient()
    const audiences = (await admin.audiences.list()).map(({ audience }) => audience)
    assert.ok(audiences.includes(server.credentials.audience))
    assert.ok(Array.isArray(await admin.usage.wasteful({ limit: 5 })))
    assert.ok((await admin.activity.get()).steps.length > 0)
    await Array.fromAsync(admin.activity.refusals())
    const { clients, never_used } = await admin.activity.hygiene()
    assert.ok(clients > 500 && never_used > 500)
    const { client } = await admin.clients.create(newClient('to-delete'))
    const { client_id } = client
    const usage = await admin.clients.usage(client_id)
    assert.deepEqual([usage.tokens_issued, usage.last_used_at], [0, null])
    assert.deepEqual(await admin.clients.addresses(client_id), [])
    const { token } = await admin.clients.nextToken(client_id, { scope: 'asset:track:read' })
    assert.equal(token?.claims.scope, 'asset:track:read')
    const unused = await Array.fromAsync(admin.clients.list({ never_used: true }))
    assert.ok(unused.some((one) => one.client_id === client_id && one.last_used_at === null))
    assert.equal((await admin.clients.delete(client_id)).client_id, client_id)
    assert.equal(await admin.clients.get(client_id), null)
    const { checkpoint, seq } = await admin.audit.checkpoint()
    assert.equal(checkpoint.split('.').length, 3)
    assert.ok(seq > 0)
    const { version } = await admin.server.version()
    const { org_id } = await admin.organization.get()
    assert.deepEqual(await admin.server.retention(), {
      ...{ activity_days: 30, trail_days: null, telemetry: { days: null, own_days: null } },
    })
    await server.miot(['orgs', 'retention', org_id, '--days', '90'])
    const { telemetry } = await admin.server.retention()
    assert.deepEqual(telemetry, { days: 90, own_days: 90 })
    assert.match(version, /^\d+\.\d+\.\d+/)
  })

  it('lets doctor compare versions, for an administrator only', async () => {
    const versionFor = async (env: Record<string, string>) => {
      const args = ['doctor', '--url', server.url, '--json']
      const { stdout } = await server.miot(args, { env })
      const { findings } = JSON.parse(stdout) as { findings: Record<string, string>[] }
      return findings.find(({ check }) => check === 'version')?.detail
    }
    assert.match(String(await versionFor(credentials)), /, as the server$/)
    assert.match(String(await versionFor({})), /the server's is known only with an administrator/)
  })

  it('lets doctor log in and verify a token as an administrator from elsewhere', async () => {
    const { status, stdout } = await run('doctor')
    assert.deepEqual([status, JSON.parse(stdout).healthy], [0, true], stdout)
  })

  it('administers the organization, members and invitations, and lists the keys', async () => {
    const admin = adminClient()
    const { name, environment } = await admin.organization.get()
    assert.equal((await admin.organization.rename(`${name} Ltd`)).name, `${name} Ltd`)
    assert.equal(environment, 'development')
    const invited = { email: 'new@example.com', role: 'developer' } as const
    const { invitation, link } = await admin.invitations.create(invited)
    assert.match(String(link), /\/console\/invitation#[\w-]{43}$/)
    assert.deepEqual(await admin.invitations.list(), [invitation])
    assert.deepEqual(await admin.invitations.revoke(invitation.invitation_id), invitation)
    // There is no account yet.
    assert.deepEqual(await admin.members.list(), [])
    const missing = { code: 'not_found' }
    await assert.rejects(admin.members.changeRole('person_none', 'developer'), missing)
    await assert.rejects(admin.members.remove('person_none'), missing)
    assert.ok((await admin.keys.list()).some(({ state }) => state === 'active'))
  })

  it('reports wrong credentials without the secret', async () => {
    const error = await adminClient('wrong-secret')
      .audiences.list()
      .catch((thrown) => thrown)
    assert.deepEqual([error.name, error.code], ['InvalidClientError', 'invalid_client'])
    assert.match(error.message, /\/oauth2\/token, client client_/)
    assert.doesNotMatch(`${error.stack}`, /wrong-secret/)
    assert.ok(!(error instanceof RefusedError))
  })

  it('uses every operation of the OpenAPI document, and no other', async () => {
    const document = await (await fetch(`${server.url}/admin/v1/openapi.json`)).json()
    type Methods = Record<string, { security: Record<string, unknown>[] }>
    const { paths } = document as { paths: Record<string, Methods> }
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        // Others are for persons.
        .filter(([, { security }]) => security.some(({ admin }) => admin !== undefined))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    const ours = [...requests].filter((request) => request.includes('/admin/v1/'))
    const operationOf = (request: string) =>
      // The literal path first: /clients/bulk is no client's.
      [...operations]
        .sort((a, b) => a.split('{').length - b.split('{').length)
        .find((one) => new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(request))
    for (const request of ours) assert.ok(operationOf(request), request)
    assert.deepEqual(new Set(ours.map(operationOf)), new Set(operations))
  })
})
