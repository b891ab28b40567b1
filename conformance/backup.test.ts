/**
 * The drill: an installation is backed up under load, killed, and restored over the logs that it
 * left; then it is used. In order, on one server.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { type Connection, openConnection } from './support/connection.ts'
import { type Follower, follow } from './support/feed-follower.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { introspect, revoke } from './support/token-management.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import { assetIds, report, track } from './support/track-requests.ts'

const CONNECTIONS = 8
const FILES = ['audit-checkpoints.ndjson', 'auth.db', 'encryption.key', 'quickstart.env']

let server: RunningServer
let connection: Connection
/** Holds the backups. */
let place: string
let drill: string
let follower: Follower
let earlier: string
let revokedSince: string
/** Its tokens are revoked between the restore and the start. */
let other: Credentials
let ofOther: string
const acknowledged: string[] = []
let acknowledgedBefore: string[]

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'miot-backup-'))
  drill = join(place, 'drill')
  server = await startServer()
  connection = openConnection(server.url, 4)
  follower = await follow(server)
  other = await createClient(server)
  ;[earlier, ofOther] = [
    await accessToken(connection, server.credentials),
    await accessToken(connection, other),
  ]
  await follower.verify(ofOther)
})
after(async () => {
  follower?.close()
  connection?.close()
  await server?.stop()
  rmSync(place, { recursive: true, force: true })
})

async function miotOk(...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await server.miot([...args, '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

async function refusal(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ status: number | null; message: string }> {
  const { status, stdout, stderr } = await server.miot([...args, '--no-json'], { env })
  assert.equal(stdout, '')
  return { status, message: stderr }
}

async function revokeAndHear(token: string): Promise<void> {
  const heard = follower.next('caught_up')
  await revoke(connection, server.credentials, token)
  await heard
}

/** Reports without a pause, each of an asset of its own, until the server is gone. */
async function load(token: string): Promise<void> {
  const many = openConnection(server.url, CONNECTIONS)
  let sent = 0
  const send = async (): Promise<void> => {
    for (;;) {
      const body = report(`LOAD-${String(sent++).padStart(5, '0')}`)
      const answer = await track(many, token, body).catch(() => null)
      if (answer === null) return
      assert.equal(answer.status, 200, answer.text)
      acknowledged.push(body.asset_id)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, send))
  many.close()
}

async function isAccepted(token: string): Promise<boolean> {
  const { status } = await track(connection, token, report('AFTER'))
  assert.ok(status === 200 || status === 401, String(status))
  return status === 200
}

function copyDrill(to: string): void {
  mkdirSync(to, { mode: 0o700 })
  for (const name of readdirSync(drill)) copyFileSync(join(drill, name), join(to, name))
}

describe('a drill: backup under load, kill -9, restore', () => {
  it('backs up while reports are stored, and then the server is killed', async () => {
    await revokeAndHear(await accessToken(connection, server.credentials))
    revokedSince = await accessToken(connection, server.credentials)
    const reporting = load(earlier)
    await sendSome()
    acknowledgedBefore = [...acknowledged]
    const manifest = await miotOk('backup', drill)
    assert.equal(manifest.encryption_key, 'included')
    assert.match(String(manifest.program), /^\d+\.\d+\.\d+/)
    assert.ok(acknowledged.length > acknowledgedBefore.length, 'there was no load')
    await revokeAndHear(revokedSince)
    assert.equal(await isAccepted(revokedSince), false)
    const silent = follower.next('silent')
    await server.kill('SIGKILL')
    await Promise.all([reporting, silent])
  })

  /** One after the other, beside the load. */
  async function sendSome(): Promise<void> {
    for (let n = 0; n < 50; n++) {
      const body = report(`FIRST-${n}`)
      assert.equal((await track(connection, earlier, body)).status, 200)
      acknowledged.push(body.asset_id)
    }
  }

  it('is readable by its owner only, and complete', () => {
    const manifest = JSON.parse(readFileSync(join(drill, 'backup.json'), 'utf8'))
    const names = readdirSync(drill)
    assert.deepEqual(names.filter((name) => name !== 'audit-checkpoints.ndjson').sort(), [
      'auth.db',
      'backup.json',
      'encryption.key',
      'quickstart.env',
      'telemetry.db',
    ])
    for (const name of names) assert.equal(statSync(join(drill, name)).mode & 0o777, 0o600, name)
    assert.equal(statSync(drill).mode & 0o777, 0o700)
    assert.equal(manifest.files.length, names.length - 1)
    assert.deepEqual(readdirSync(place), ['drill'])
  })

  it('is not restored over what is there, and says what to do', async () => {
    const before = readdirSync(server.dataDir)
    const { status, message } = await refusal(['restore', drill])
    assert.equal(status, 1)
    assert.match(message, /is not empty \(.*auth\.db.*move its contents away/)
    assert.deepEqual(readdirSync(server.dataDir), before)
  })

  it('is not restored when a file differs, and leaves nothing', async () => {
    const damaged = join(place, 'damaged')
    copyDrill(damaged)
    truncateSync(join(damaged, 'telemetry.db'), 4096)
    const target = join(place, 'target')
    const { status, message } = await refusal(['restore', damaged], { MIOT_DATA_DIR: target })
    assert.equal(status, 1)
    assert.match(message, /telemetry\.db is not what was backed up \(its checksum differs/)
    assert.deepEqual(readdirSync(target), [])
  })

  it('is not restored with a trail that was changed, even with new checksums', async () => {
    const forged = join(place, 'forged')
    copyDrill(forged)
    const path = join(forged, 'auth.db')
    const database = new DatabaseSync(path)
    database.exec(`UPDATE audit SET entry = replace(entry, 'operator', 'stranger') WHERE seq > 3`)
    database.close()
    const manifest = join(forged, 'backup.json')
    const { files, ...others } = JSON.parse(readFileSync(manifest, 'utf8'))
    const sum = {
      name: 'auth.db',
      bytes: statSync(path).size,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    }
    const sums = files.map((one: { name: string }) => (one.name === 'auth.db' ? sum : one))
    writeFileSync(manifest, JSON.stringify({ ...others, files: sums }))
    const target = join(place, 'target')
    const { status, message } = await refusal(['restore', forged], { MIOT_DATA_DIR: target })
    assert.equal(status, 1)
    assert.match(message, /The audit trail in the backup is broken: .*Use another backup/)
    assert.deepEqual(readdirSync(target), [])
  })

  it('is not restored with another key, and leaves nothing', async () => {
    const target = join(place, 'target')
    const MIOT_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64url')
    const { status, message } = await refusal(['restore', drill], {
      ...{ MIOT_DATA_DIR: target, MIOT_ENCRYPTION_KEY },
    })
    assert.equal(status, 1)
    assert.match(message, /encryption key is not the one .*: unset MIOT_ENCRYPTION_KEY/)
    assert.deepEqual(readdirSync(target), [])
  })

  it('is restored beside left logs, which are set aside, and says what to revoke', async () => {
    const old = join(place, 'old')
    mkdirSync(old, { mode: 0o700 })
    for (const name of [...FILES, 'telemetry.db']) {
      const path = join(server.dataDir, name)
      if (existsSync(path)) renameSync(path, join(old, name))
    }
    assert.ok(existsSync(join(server.dataDir, 'auth.db-wal')), 'the killed server left no log')
    const { set_aside, advice, trail } = await miotOk('restore', drill)
    assert.equal((set_aside as string[]).length, 2)
    assert.match(
      (advice as string[]).join('\n'),
      /^Changes after \S+ \S+Z are .*keys rotate --now/s,
    )
    const verdict = await miotOk('audit', 'verify')
    assert.deepEqual([verdict.ok, verdict.head], [true, trail])
  })

  it('reaches a follower whose cursor has the number of another entry now', async () => {
    await miotOk('clients', 'revoke-tokens', other.client_id)
    const caughtUp = follower.next('caught_up')
    await server.restart()
    await caughtUp
    await assert.rejects(follower.verify(ofOther))
  })

  it('has every report acknowledged before the backup', async () => {
    const found = new Set(await assetIds(connection, earlier))
    assert.deepEqual(
      acknowledgedBefore.filter((id) => !found.has(id)),
      [],
    )
  })

  it('has tokens as documented: old ones work, and those revoked since work again', async () => {
    assert.equal(await isAccepted(earlier), true)
    assert.equal(await isAccepted(revokedSince), true)
    const introspected = await introspect(connection, server.credentials, revokedSince)
    assert.equal(introspected.json().active, true)
    await assert.rejects(follower.verify(revokedSince), 'a follower keeps what it has heard')
    await follower.verify(earlier)
  })

  it('refuses every old token after miot keys rotate --now', async () => {
    const heard = follower.next('caught_up')
    await miotOk('keys', 'rotate', '--now')
    await heard // The server knows, too.
    const renewed = await accessToken(connection, server.credentials)
    for (const token of [earlier, revokedSince]) assert.equal(await isAccepted(token), false)
    assert.equal(await isAccepted(renewed), true)
  })
})

describe('miot backup', () => {
  it('without the key holds no secret, and is restored with the key in place', async () => {
    const bare = join(place, 'bare')
    const { stdout } = await server.miot(['backup', bare, '--without-key', '--no-json'])
    assert.match(stdout, /NOT INCLUDED: the encryption key/)
    assert.match(stdout, /^Backup of \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ in /)
    for (const name of ['encryption.key', 'quickstart.env']) {
      assert.equal(existsSync(join(bare, name)), false)
    }
    const target = join(place, 'with-key')
    const env = { MIOT_DATA_DIR: target }
    const { status, message } = await refusal(['restore', bare], env)
    assert.equal(status, 1)
    assert.match(message, /has no encryption key: put it into .*with-key\/encryption\.key/)
    writeFileSync(
      join(target, 'encryption.key'),
      readFileSync(join(server.dataDir, 'encryption.key')),
      { mode: 0o600 },
    )
    const restored = await server.miot(['restore', bare, '--json'], { env })
    assert.equal(restored.status, 0, restored.stderr)
  })

  it('is refused after a restore that was killed, as is all that would create a database', async () => {
    const target = join(place, 'killed')
    mkdirSync(join(target, 'restore-unfinished'), { recursive: true, mode: 0o700 })
    const copy = ['copy', '--from', `sqlite:${server.dataDir}`, '--to', `sqlite:${target}`]
    for (const command of [['serve'], ['restore', drill], ['migrate'], copy]) {
      const { status, message } = await refusal(command, { MIOT_DATA_DIR: target })
      assert.equal(status, 1)
      assert.match(message, /holds a restore that runs, or was interrupted/)
    }
  })
})
