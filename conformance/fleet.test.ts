/**
 * Administration of a fleet: which clients are used, the names that commands take, and what happens
 * to a deleted client.
 */

import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection } from './support/connection.ts'
import {
  type Credentials,
  type RunningServer,
  runMiot,
  startServer,
} from './support/running-server.ts'
import { noTerminal, runAtTerminal } from './support/terminal.ts'
import { accessToken, asJson, createClient } from './support/token-requests.ts'
import { get, getAsset, report, track } from './support/track-requests.ts'

let server: RunningServer
let connection: Connection
/** Of an administrator, for the admin API. */
let adminToken: string
let reader: Credentials

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  const audience = `${server.url}/admin/v1`
  adminToken = await accessToken(connection, await createClient(server, '--audience', audience))
  reader = server.credentials
})
after(async () => {
  connection.close()
  await server.stop()
})

/** The JSON output of a command that must succeed. */
async function miot(...args: string[]) {
  const result = await server.miot([...args, '--json'])
  assert.equal(result.status, 0, result.stderr)
  return JSON.parse(result.stdout)
}

async function refused(...args: string[]): Promise<{ status: number | null; message: string }> {
  const { status, stderr } = await server.miot([...args, '--json'])
  assert.notEqual(status, 0)
  return { status, message: JSON.parse(stderr).error.message }
}

async function administratorOf(): Promise<Record<string, string>> {
  const made = await createClient(server, '--audience', `${server.url}/admin/v1`)
  return { MIOT_CLIENT_ID: made.client_id, MIOT_CLIENT_SECRET: made.client_secret }
}

const idsOf = ({ clients }: { clients: { client_id: string }[] }): string[] =>
  clients.map(({ client_id }) => client_id)

async function admin(method: string, path: string) {
  const headers = { authorization: `Bearer ${adminToken}` }
  const response = await fetch(`${server.url}/admin/v1${path}`, { method, headers })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

/** The counters are written every three seconds. */
async function untilUsed(client_id: string): Promise<string> {
  const deadline = performance.now() + 30_000
  while (performance.now() < deadline) {
    const { body } = await admin('GET', `/clients/${client_id}/usage`)
    if (body.last_used_at !== null) return String(body.last_used_at)
    await sleep(100)
  }
  assert.fail('the use of the client was not counted')
}

describe('the use of clients', () => {
  it('is in lists, narrows them, and is shown for each client', async () => {
    const used = await createClient(server, '--tag', 'by-use')
    const idle = await createClient(server, '--tag', 'by-use')
    await accessToken(connection, used)
    const at = await untilUsed(used.client_id)

    const { clients } = await miot('clients', 'list', '--tag', 'by-use')
    const uses = new Map(
      clients.map((one: { client_id: string; last_used_at: string | null }) => [
        one.client_id,
        one.last_used_at,
      ]),
    )
    assert.deepEqual(
      uses,
      new Map(
        [
          [used.client_id, at],
          [idle.client_id, null],
        ].sort() as never,
      ),
    )
    const list = async (...args: string[]) =>
      idsOf(await miot('clients', 'list', '--tag', 'by-use', ...args))
    assert.deepEqual(await list('--never-used'), [idle.client_id])
    assert.deepEqual(await list('--unused-for', '30d'), [])
    assert.deepEqual((await list('--unused-for', '0')).length, 2)
    assert.equal((await list('--limit', '1')).length, 1)

    const find = async (query: string) =>
      idsOf((await admin('GET', `/clients?tag=by-use&${query}`)).body as never)
    assert.deepEqual(await find('never_used=true'), [idle.client_id])
    assert.deepEqual(await find('unused_since=2020-01-01T00:00:00Z'), [])
    assert.equal((await find('unused_since=2100-01-01T00:00:00%2B01:00')).length, 2)
    for (const [query, why] of [
      ['never_used=yes', /never_used must be true/],
      ['unused_since=30d', /unused_since must be an ISO 8601 time with a zone/],
    ] as const) {
      const { status, body } = await admin('GET', `/clients?${query}`)
      assert.equal(status, 400)
      assert.match(body.detail ?? '', why)
    }

    const usage = await miot('clients', 'usage', used.client_id)
    assert.deepEqual([usage.tokens_issued, usage.last_used_at], [1, at])
    assert.equal(usage.secrets[0].used.uses, 1)
  })
})

describe('the name of a client on a command line', () => {
  it('is its id, its external id or its exact name; two of a name are refused', async () => {
    const one = await createClient(server, '--name', 'Pump 7', '--external-id', 'ERP-7')
    const shown = async (name: string) => (await miot('clients', 'show', name)).client_id
    for (const name of [one.client_id, 'ERP-7', 'Pump 7']) {
      assert.equal(await shown(name), one.client_id, name)
    }
    // Another client takes the id as its name: the id still wins.
    const two = await createClient(server, '--name', one.client_id)
    assert.equal(await shown(one.client_id), one.client_id)
    // Also when there is no such client any more.
    const none = `client_${'0'.repeat(22)}`
    await miot('clients', 'update', two.client_id, '--name', none)
    assert.equal((await refused('clients', 'disable', none)).status, 3)
    // The name of one is the external id, or the name, of another: neither wins.
    for (const name of ['ERP-7', 'Pump 7']) {
      await miot('clients', 'update', two.client_id, '--name', name)
      const { status, message } = await refused('clients', 'disable', name)
      assert.equal(status, 2)
      for (const { client_id } of [one, two]) assert.ok(message.includes(client_id), message)
    }

    for (const name of ['Pump', 'pump 7', 'ERP', '']) {
      assert.equal((await refused('clients', 'show', name)).status, 3, name)
    }
    const { secrets } = await miot('secrets', 'list', 'ERP-7')
    const { secret_id } = await miot('secrets', 'add', 'ERP-7')
    assert.equal(secrets.length, 1)
    assert.equal((await miot('secrets', 'revoke', 'ERP-7', secret_id)).revoked, secret_id)
    assert.equal((await miot('clients', 'revoke-tokens', 'ERP-7')).client_id, one.client_id)
    assert.equal((await refused('secrets', 'revoke', 'ERP-7', 'secret_x')).status, 3)
  })
})

describe('a deleted client', () => {
  it('stops everywhere at once; its telemetry and its trail stay', async () => {
    const gone = await createClient(server, '--name', 'Going', '--external-id', 'gone-1')
    const token = await accessToken(connection, gone)
    assert.equal((await track(connection, token, report('KEPT'))).status, 200)

    const { status, message } = await refused('clients', 'delete', 'gone-1')
    assert.equal(status, 2)
    assert.match(message, /add --yes/)
    assert.equal((await getAsset(connection, token, 'KEPT')).status, 200)

    const deleted = await miot('clients', 'delete', 'gone-1', '--yes')
    assert.deepEqual(deleted, { deleted: gone.client_id, name: 'Going' })
    await untilRefused(token)
    const login = await connection.send({ path: '/api/v1/login', ...asJson(gone) })
    assert.equal(login.status, 401)
    assert.equal((await admin('GET', `/clients/${gone.client_id}`)).status, 404)
    assert.equal((await admin('DELETE', `/clients/${gone.client_id}`)).status, 404)
    assert.equal((await refused('clients', 'delete', gone.client_id, '--yes')).status, 3)

    const other = await accessToken(connection, reader)
    assert.equal((await getAsset(connection, other, 'KEPT')).status, 200)
    const { entries } = await miot('audit', 'list', '--target', gone.client_id)
    assert.equal(entries[0].action, 'client.deleted')
    assert.deepEqual([entries[0].before.name, entries[0].after], ['Going', null])
    assert.ok(!JSON.stringify(entries).includes('digest"'))
    assert.equal((await miot('audit', 'verify')).ok, true)
  })

  it('is deleted over the admin API too, and its external id is free again', async () => {
    const gone = await createClient(server, '--external-id', 'gone-2')
    const token = await accessToken(connection, gone)
    const { status, body } = await admin('DELETE', `/clients/${gone.client_id}`)
    assert.deepEqual([status, body.client_id], [200, gone.client_id])
    await untilRefused(token)
    const again = await createClient(server, '--external-id', 'gone-2')
    assert.notEqual(again.client_id, gone.client_id)
  })
})

/** A change by another process takes up to a second. */
async function untilRefused(token: string): Promise<void> {
  const deadline = performance.now() + 10_000
  let status: number
  do {
    status = (await get(connection, token, '/v1/assets')).status
  } while (status === 200 && performance.now() < deadline)
  assert.equal(status, 401)
}

describe('the rotation of many clients', () => {
  it('writes each secret to a new private file, and continues where the file ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'miot-rotate-'))
    const out = join(folder, 'secrets.csv')
    const rotate = ['secrets', 'rotate', '--overlap', '1h']
    const one = await createClient(server, '--tag', 'many', '--name', '=1+1')
    const two = await createClient(server, '--tag', 'many', '--external-id', 'many-2')
    const rotated = await miot(...rotate, '--tag', 'many', '--out', out)
    assert.deepEqual([rotated.rotated, rotated.left], [2, 0])
    assert.equal(statSync(out).mode & 0o777, 0o600)
    const lines = readFileSync(out, 'utf8').split('\r\n')
    assert.equal(lines[0], 'client_id,status,external_id,name,secret_id,client_secret,message')
    assert.ok(lines.some((line) => line.startsWith(`${one.client_id},rotated,,'=1+1,secret_`)))
    const secret = lines.find((line) => line.startsWith(two.client_id))?.split(',')[5] as string
    await accessToken(connection, { ...two, client_secret: secret })
    await accessToken(connection, two)

    // The file stays as it is, whatever is asked for next.
    const again = await refused(...rotate, '--tag', 'many', '--out', out)
    assert.match(again.message, /exists: choose another name, or continue it with --resume/)
    const nothing = await miot(...rotate, '--tag', 'many', '--out', out, '--resume')
    assert.deepEqual([nothing.rotated, nothing.done_before], [0, 2])
    // A crash after the first client, in the middle of a line.
    writeFileSync(out, `${lines.slice(0, 2).join('\r\n')}\r\nclient_half`)
    const rest = await miot(...rotate, '--tag', 'many', '--out', out, '--resume')
    assert.deepEqual([rest.rotated, rest.done_before], [1, 1])
    assert.equal(readFileSync(out, 'utf8').split('\r\n').length, 4)

    // A list with a mistake changes nothing, and names it.
    const list = join(folder, 'ids.txt')
    writeFileSync(list, '# the north\nmany-2\nnobody\n', { mode: 0o600 })
    const results = join(folder, 'results.ndjson')
    const wrong = await refused(...rotate, '--file', list, '--out', results)
    assert.deepEqual([wrong.status, existsSync(results)], [2, false])
    writeFileSync(list, 'many-2\nmany-2\n')
    await miot(...rotate, '--file', list, '--out', results)
    const [row, ...others] = readFileSync(results, 'utf8').trim().split('\n')
    assert.deepEqual(others, [])
    assert.equal(JSON.parse(row as string).client_id, two.client_id)
    for (const args of [
      ['--tag', 'many'],
      ['--out', results],
      ['--tag', 'many', '--file', list, '--out', join(folder, 'x')],
      ['--tag', 'many', '--out', join(folder, 'none', 'x')],
      ['--tag', 'many', '--out', list, '--resume'],
      [one.client_id, '--out', join(folder, 'x')],
    ]) {
      assert.equal((await refused(...rotate, ...args)).status, 2, args.join(' '))
    }
    rmSync(folder, { recursive: true })
  })
})

describe('an erased asset', () => {
  it('is in no list and in no file of the database, and in the trail', async () => {
    const { audience } = reader
    const scope = 'asset:track:delete'
    await miot('audiences', 'update', audience, '--add-scope', scope)
    const eraser = await createClient(server, '--scope', 'asset:track:read', scope)
    const env = {
      MIOT_CLIENT_ID: eraser.client_id,
      MIOT_CLIENT_SECRET: eraser.client_secret,
      MIOT_TOKEN_URL: `${server.url}/api/v1/login`,
      MIOT_AUDIENCE: audience,
      MIOT_API_URL: server.url,
    }
    const erase = (...args: string[]) =>
      server.miot(['assets', 'delete', ...args, '--json'], { env })
    const token = await accessToken(connection, reader)
    for (const asset_id of ['ERASE-ME-4711', 'STAYS-4711']) {
      assert.equal((await track(connection, token, report(asset_id))).status, 200)
    }
    // Not by the quick start's client, and not without a yes.
    const weak = await connection.send({
      ...{ method: 'DELETE', path: '/v1/assets/ERASE-ME-4711' },
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(weak.status, 403)
    assert.equal((await erase('ERASE-ME-4711')).status, 2)
    assert.equal((await getAsset(connection, token, 'ERASE-ME-4711')).status, 200)

    const erased = await erase('ERASE-ME-4711', '--yes')
    assert.equal(erased.status, 0, erased.stderr)
    assert.deepEqual(JSON.parse(erased.stdout), { asset_id: 'ERASE-ME-4711', compacted: true })
    assert.equal((await getAsset(connection, token, 'ERASE-ME-4711')).status, 404)
    assert.equal((await erase('ERASE-ME-4711', '--yes')).status, 3)
    const files = readdirSync(server.dataDir).filter((name) => name.startsWith('telemetry.db'))
    const bytes = files.map((name) => readFileSync(join(server.dataDir, name), 'latin1')).join('')
    assert.deepEqual([bytes.includes('ERASE-ME-4711'), bytes.includes('STAYS-4711')], [false, true])
    const { entries } = await miot('audit', 'list', '--target', 'ERASE-ME-4711')
    assert.deepEqual(
      entries.map(({ action, actor }: { action: string; actor: object }) => [action, actor]),
      [['asset.erased', { kind: 'client', client_id: eraser.client_id }]],
    )
    assert.ok((await miot('compact')).compacted)
    if (noTerminal() !== false) return
    const asked = await runAtTerminal(
      ['assets', 'delete', 'STAYS-4711'],
      { ...env, MIOT_DATA_DIR: server.dataDir },
      { question: 'Continue? [y/N]', answer: 'n\n' },
    )
    assert.match(asked.screen, /Its last report arrived at .*Nothing was changed/s)
    assert.equal((await getAsset(connection, token, 'STAYS-4711')).status, 200)
  })
})

describe('one command for many clients', () => {
  it('tags, disables and enables those that are named, found or in a file', async () => {
    const made = []
    for (let n = 0; n < 3; n++) made.push(await createClient(server, '--tag', 'nort'))
    const ids = made.map(({ client_id }) => client_id)
    const [one, other, third] = ids as [string, string, string]
    const url = ['--url', server.url]
    const env = {
      MIOT_DATA_DIR: server.dataDir,
      ...(await administratorOf()),
    }
    const tagged = await miot(
      'clients',
      'tag',
      '--tag',
      'nort',
      '--add',
      'north',
      'x',
      '--remove',
      'nort',
    )
    assert.deepEqual(
      tagged.changes.map(({ action, changed, left }: never) => [action, changed, left]),
      [
        ['add_tags', 3, 0],
        ['remove_tags', 3, 0],
      ],
    )
    assert.deepEqual((await miot('clients', 'show', third)).tags, ['north', 'x'])
    const file = join(server.dataDir, 'ids.txt')
    writeFileSync(file, `${one}\n${other}\n`)
    const off = await runMiot([...url, 'clients', 'disable', '--file', file, '--json'], { env })
    assert.equal(off.status, 0, off.stderr)
    assert.equal(JSON.parse(off.stdout).changes[0].changed, 2)
    const again = await miot('clients', 'disable', one, third)
    assert.deepEqual([again.changes[0].changed, again.changes[0].unchanged], [1, 1])
    const on = await runMiot([...url, 'clients', 'enable', ...ids, '--no-json'], { env })
    assert.match(on.stdout, /^Enabled 3 of 3 clients; 0 were so already, 0 were not changed\.\n$/)
    assert.equal((await miot('clients', 'show', one)).status, 'active')
  })

  it('says who was refused and why, and fails', async () => {
    const full = Array.from({ length: 50 }, (_, n) => ['--tag', `t${n}`]).flat()
    const { client_id } = await createClient(server, '--name', 'Full', ...full)
    const plain = await createClient(server)
    const both = ['clients', 'tag', client_id, plain.client_id, '--add', 'more']
    const { status, stdout } = await server.miot([...both, '--no-json'])
    assert.equal(status, 1)
    assert.match(
      stdout,
      /^Tagged 1 of 2 clients; 0 were so already, 1 were not changed\.\nNAME +WHY/,
    )
    assert.match(stdout, new RegExp(`Full +The client would have 51 tags, of 50 +${client_id}`))
    for (const args of [
      ['tag', client_id],
      ['tag', '--add', 'x'],
      ['tag', client_id, '--tag', 't1', '--add', 'x'],
      ['disable', client_id, '--environment', 'production'],
      ['disable', client_id, 'client_none'],
      ['enable'],
    ]) {
      assert.equal((await refused('clients', ...args)).status, 2, args.join(' '))
    }
    assert.equal((await refused('clients', 'disable', '--tag', 'nobody')).status, 3)
    assert.equal((await miot('clients', 'show', client_id)).status, 'active')
  })
})

describe('at a terminal', { skip: noTerminal() }, () => {
  const at = (args: string[], answer: string) =>
    runAtTerminal(
      args,
      { MIOT_DATA_DIR: server.dataDir, MIOT_ISSUER: server.url },
      {
        ...{ question: 'Continue? [y/N]', answer },
      },
    )

  it('commands that destroy say what will stop, and do it only on a yes', async () => {
    const { client_id } = await createClient(server, '--name', 'Asked about')
    for (const answer of ['n\n', '\n', '\x04', 'yesterday\n']) {
      const { status, screen } = await at(['clients', 'disable', client_id], answer)
      assert.equal(status, 1, screen)
      assert.match(screen, /This disables the client Asked about \(client_\w+, development\)\./)
      assert.match(screen, /It has never been used\./)
      assert.match(screen, /Nothing was changed/s)
    }
    assert.equal((await miot('clients', 'show', client_id)).status, 'active')
    const disabled = await at(['clients', 'disable', client_id], 'y\n')
    assert.equal(disabled.status, 0, disabled.screen)
    assert.equal((await miot('clients', 'show', client_id)).status, 'disabled')

    const many = await at(['clients', 'disable', client_id, reader.client_id], 'n\n')
    assert.match(many.screen, /This disables 2 clients, 0 of them in production.*Nothing was/s)
    const secrets = await at(['secrets', 'rotate', client_id, '--overlap', '0'], 'n\n')
    assert.match(secrets.screen, /without an overlap.*Nothing was changed/s)
    const keys = await at(['keys', 'rotate', '--now'], 'n\n')
    assert.match(keys.screen, /\d+ of \d+ clients were used in the last 24 hours.*Nothing was/s)
    const { secret_id } = await miot('secrets', 'add', client_id)
    const one = await at(['secrets', 'revoke', client_id, secret_id], 'n\n')
    assert.match(one.screen, /revokes the secret added.*never been used.*other secrets: 1\b.*Noth/s)
    const { org_id } = await miot('clients', 'show', client_id)
    const kept = await at(['orgs', 'retention', org_id, '--days', '30'], 'n\n')
    assert.match(kept.screen, /older than 30 days.*cannot be restored.*Nothing was changed/s)
    assert.equal((await miot('orgs', 'retention', org_id)).own_days, null)
    const trail = await at(['audit', 'retention', '--days', '30'], 'n\n')
    assert.match(trail.screen, /entries of the trail.*older than 30 days.*Nothing was changed/s)
    const gone = await at(['clients', 'delete', client_id], 'YES\n')
    assert.match(gone.screen, /The telemetry it reported stays.*Deleted client_/s)
    assert.equal((await refused('clients', 'show', client_id)).status, 3)
  })

  it('what does not destroy, and --yes, ask nothing', async () => {
    const { client_id } = await createClient(server)
    const { secret_id } = await miot('secrets', 'add', client_id)
    const { org_id } = await miot('clients', 'show', client_id)
    for (const args of [
      ['secrets', 'rotate', client_id, '--overlap', '1h'],
      ['clients', 'disable', client_id, '--yes'],
      ['clients', 'enable', client_id],
      ['secrets', 'revoke', client_id, secret_id, '--yes'],
      ['orgs', 'retention', org_id],
      ['orgs', 'retention', org_id, '--default'],
      ['audit', 'retention'],
      ['audit', 'retention', '--days', '30', '--yes'],
      ['clients', 'delete', client_id, '-y'],
    ]) {
      const { status, screen } = await at(args, '\x04')
      assert.equal(status, 0, screen)
      assert.doesNotMatch(screen, /Continue/)
    }
  })
})
