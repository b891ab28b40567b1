/** Signals to `miot backup` of a real PostgreSQL database, with a `pg_dump` that does not end. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { createInstallation } from '../testing/small-installation.fixture.ts'

describe('miot backup on PostgreSQL', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-interrupted-'))
  const [data, place, pipe] = ['data', 'backups', 'pipe'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  let postgres: TestPostgres
  let env: Record<string, string>

  before(async () => {
    postgres = await startPostgres()
    env = { MIOT_DATABASE_URL: await postgres.createDatabase() }
    await createInstallation(data, '1'.repeat(64), env)
    execFileSync('mkdir', ['-m', '700', place])
    execFileSync('mkfifo', [pipe])
  })
  after(async () => {
    await postgres?.stop()
    rmSync(folder, { recursive: true })
  })

  /** A `pg_dump` of that version, which notes what is there by then. `script` is its dump. */
  function pgDump(version: number, script: string): void {
    const path = join(folder, 'pg_dump')
    writeFileSync(
      path,
      `#!/bin/sh
      [ "$1" = --version ] && ls "${place}" > "${folder}/seen" && exec echo "pg_dump (PostgreSQL) ${version}.1"
      ${script}`,
    )
    chmodSync(path, 0o700)
  }

  function backup() {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url))
    const child = spawn(process.execPath, [main, 'backup', join(place, 'new'), '--no-json'], {
      env: { ...env, PATH: `${folder}:${process.env.PATH}`, MIOT_DATA_DIR: data },
    })
    const result = Promise.all([text(child.stderr), once(child, 'close')])
    return { child, result }
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`stops pg_dump at ${signal}, and leaves no directory`, async () => {
      pgDump(99, `exec 3> "${pipe}"; echo started >&3; exec sleep 60`)
      // Ends when the last program that holds the pipe has ended.
      const held = spawn('cat', [pipe], { timeout: 30_000 })
      const ended = once(held, 'close')
      const { child, result } = backup()
      await once(held.stdout, 'data')
      assert.equal(readdirSync(place).length, 1)
      child.kill(signal)
      const [, [status]] = await result
      assert.equal(status, 128 + constants.signals[signal])
      assert.deepEqual(await ended, [0, null])
      assert.deepEqual(readdirSync(place), [])
    })
  }

  it('names the version that pg_dump needs before it writes anything', async () => {
    pgDump(10, `touch "${folder}/ran"`)
    const { result } = backup()
    const [stderr, [status]] = await result
    assert.equal(status, 1)
    assert.match(
      stderr,
      /^miot: The database is PostgreSQL \d+, and pg_dump on the PATH is version 10: install postgresql-client-/,
    )
    assert.ok(!readdirSync(folder).includes('ran'))
    assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), '')
    assert.deepEqual(readdirSync(place), [])
  })
})
