/**
 * `miot --url`: the same commands as on the server's machine, through the admin API, from a machine
 * that has only credentials.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
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
      secrets.map((one: { label: string }) => one.label),
      ['first', 'rotated'],
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

  it('imports a file line by line', async () => {
    const file = join(elsewhere, 'clients.ndjson')
    const grants = [{ audience: server.credentials.audience }]
    const lines = [{ name: 'a', external_id: 'i1', grants }, { name: 'b' }]
    writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{bad\n`)
    const { status, stdout } = await run('clients', 'import', file)
    assert.equal(status, 0)
    const results = stdout.trim().split('\n')
    assert.deepEqual(
      results.map((line) => JSON.parse(line).status),
      ['created', 'refused', 'refused'],
    )
  })

  it('refuses options and commands that are not available with --url', async () => {
    const refused = [
      ['clients', 'create', '--name', 'x', '--environment', 'production'],
      ['clients', 'create', '--name', 'x', '--org', 'org_other'],
      ['clients', 'list', '--environment', 'production'],
      ['orgs', 'create', '--name', 'x'],
      ['audiences', 'list'],
      ['audit', 'verify'],
    ]
    for (const words of refused) assert.equal((await run(...words)).status, 2, words.join(' '))
  })

  it('reports faults with the exit status of a local command', async () => {
    assert.equal((await run('clients', 'show', 'client_unknown')).status, 3)
    assert.equal((await run('clients', 'create', '--name', ' ')).status, 2)
    const wrong = await runMiot(['--url', server.url, '--json', 'clients', 'list'], {
      env: { MIOT_DATA_DIR: elsewhere, ...credentials, MIOT_CLIENT_SECRET: 'wrong' },
    })
    assert.equal(wrong.status, 4)
    assert.equal(JSON.parse(wrong.stderr).error.code, 'auth')
  })
})
