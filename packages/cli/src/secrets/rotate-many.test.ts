import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { ClientView } from '@modulariot/auth'
import type { Context } from '../command/context.ts'
import { parseConfig } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { createOutput } from '../terminal/output.ts'
import { reasonToSkip, rotateMany } from './rotate-many.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-rotate-'))
after(() => rmSync(folder, { recursive: true }))

const CLIENTS = ['client_1', 'client_2', 'client_3', 'client_4'].map((client_id) => ({
  ...{ client_id, external_id: null, name: client_id, last_used_at: null },
  // The last one signs assertions.
  ...{ jwks_uri: null, keys: client_id === 'client_4' ? [{}] : [] },
  secrets: client_id === 'client_4' ? [] : [{ secret_id: 'old', expires_at: null }],
}))

/** The server's answer to the rotation of a client. */
let rotation: (client_id: string) => Response

const server: typeof fetch = async (input) => {
  const url = String(input)
  if (url.endsWith('/token')) {
    return Response.json({ access_token: 't', token_type: 'Bearer', expires_in: 3600 })
  }
  if (url.includes('/clients?')) return Response.json({ clients: CLIENTS, next_cursor: null })
  return rotation(/clients\/(\w+)\//.exec(url)?.[1] ?? '')
}

const printed: { rotated?: number; skipped?: number; left?: number }[] = []
const context: Context = {
  config: () =>
    parseConfig(
      { MIOT_DATA_DIR: folder, MIOT_CLIENT_ID: 'client_0', MIOT_CLIENT_SECRET: 'secret' },
      () => assert.fail(),
    ),
  output: createOutput(true, (text) => printed.push(JSON.parse(text))),
  fetch: server,
  tokenDirectory: null,
  url: 'http://localhost:1',
}

const out = join(folder, 'secrets.ndjson')
const options = { tag: 'north', label: 'rotated', overlap: 3600, out } as const

const rowsOf = () =>
  readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>)

const fresh = (client_id: string): Response =>
  Response.json({ secret_id: 'new', client_secret: `secret of ${client_id}` }, { status: 201 })

function failsWith(code: string, message: RegExp) {
  return (error: unknown) =>
    error instanceof CliError && error.code === code && message.test(error.message)
}

it('only a client with a secret that it uses is rotated', () => {
  const now = Date.parse('2026-03-14T15:00:00Z')
  const ended = { secret_id: 'a', expires_at: '2026-03-14T14:00:00Z' } as ClientView['secrets'][0]
  const living = { ...ended, expires_at: '2026-03-14T16:00:00Z' }
  const keys = [{ kid: 'k' }] as unknown as ClientView['keys']
  const none = { keys: [], jwks_uri: null }
  const signs = 'It has no secret; it signs assertions'
  assert.equal(reasonToSkip({ ...none, secrets: [ended] }, now), null)
  assert.equal(reasonToSkip({ ...none, secrets: [] }, now), 'It has no secret')
  assert.equal(reasonToSkip({ ...none, keys, secrets: [ended, living] }, now), null)
  assert.equal(reasonToSkip({ ...none, keys, secrets: [ended] }, now), signs)
  const published = { ...none, jwks_uri: 'https://device.example/keys' }
  assert.equal(reasonToSkip({ ...published, secrets: [ended] }, now), signs)
})

it('a rotation that fails before the first client leaves no file', async () => {
  rotation = () => {
    throw new TypeError('fetch failed', { cause: new Error('reset') })
  }
  await assert.rejects(rotateMany(context, options), failsWith('network', /reset/))
  assert.equal(existsSync(out), false)
})

it('an interrupted rotation of many clients loses no secret and continues', async () => {
  rotation = (client_id) => {
    process.emit('SIGINT')
    return fresh(client_id)
  }
  const interrupted = failsWith(
    'failure',
    /Interrupted with 3 clients left; continue with --resume/,
  )
  await assert.rejects(rotateMany(context, options), interrupted)
  assert.deepEqual(
    rowsOf().map(({ client_secret }) => client_secret),
    ['secret of client_1'],
  )

  rotation = (client_id) => {
    if (client_id === 'client_3') throw new TypeError('fetch failed', { cause: new Error('reset') })
    return fresh(client_id)
  }
  const lost = failsWith('network', /reset; 1 clients were rotated .*; continue with --resume/)
  await assert.rejects(rotateMany(context, { ...options, resume: true }), lost)

  rotation = () => Response.json({ detail: 'The client has 10 secrets' }, { status: 409 })
  const refused = failsWith('failure', /1 clients were refused/)
  await assert.rejects(rotateMany(context, { ...options, resume: true }), refused)
  const { rotated, skipped, left } = printed.at(-1) ?? {}
  assert.deepEqual([rotated, skipped, left], [0, 1, 0])
  assert.deepEqual(
    rowsOf().map(({ status, message }) => [status, message]),
    [
      ['rotated', null],
      ['rotated', null],
      ['refused', 'The client has 10 secrets'],
      ['skipped', 'It has no secret; it signs assertions'],
    ],
  )
  // Its secret may have leaked: that it was refused once does not make it done.
  rotation = fresh
  await rotateMany(context, { ...options, resume: true })
  const last = printed.at(-1) ?? {}
  assert.deepEqual([last.rotated, last.skipped, last.left], [1, 0, 0])
  assert.equal(rowsOf().at(-1)?.client_secret, 'secret of client_3')
  await rotateMany(context, { ...options, resume: true })
  assert.equal(printed.at(-1)?.rotated, 0)
})
