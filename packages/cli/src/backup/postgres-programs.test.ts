import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connectionEnvironment, findProgram, runProgram } from './postgres-programs.ts'

const dump = { name: 'pg_dump', major: 17 } as const
const URL_ = 'postgres://miot:hu%20sh@db.example:5433/iot'

describe('connectionEnvironment', () => {
  it('connects as the URL says, with the password', () => {
    const env = connectionEnvironment(`${URL_}?sslmode=require&connect_timeout=3`, {}, dump)
    const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))
    assert.deepEqual(set, {
      PGHOST: 'db.example',
      PGPORT: '5433',
      PGUSER: 'miot',
      PGPASSWORD: 'hu sh',
      PGDATABASE: 'iot',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: 'system',
      PGCONNECT_TIMEOUT: '3',
    })
  })

  it('takes from the environment what the URL lacks, and nothing that would redirect it', () => {
    const env = connectionEnvironment(
      'postgres:///iot',
      {
        ...{ PATH: '/bin', PGPASSWORD: 'hush', PGSSLMODE: 'prefer', PGUSER: 'miot' },
        ...{ PGSERVICE: 'other', PGHOSTADDR: '10.0.0.1', PGOPTIONS: '-c x=y' },
        MIOT_ENCRYPTION_KEY: 'secret',
      },
      dump,
    )
    assert.deepEqual(
      [env.PATH, env.PGPASSWORD, env.PGSSLMODE, env.PGUSER, env.PGHOST],
      ['/bin', 'hush', 'verify-full', 'miot', 'localhost'],
    )
    for (const name of ['PGSERVICE', 'PGHOSTADDR', 'PGOPTIONS', 'MIOT_ENCRYPTION_KEY']) {
      assert.equal(env[name], undefined, name)
    }
  })

  it('never verifies less than we do: an old libpq needs the authority in a file', () => {
    const old = { name: 'pg_dump', major: 15 } as const
    assert.throws(() => connectionEnvironment(`${URL_}?sslmode=verify-full`, {}, old), {
      message: /add sslrootcert=/,
    })
    const url = `${URL_}?sslmode=verify-full&sslrootcert=/ca.pem`
    assert.equal(connectionEnvironment(url, {}, old).PGSSLROOTCERT, '/ca.pem')
    assert.equal(connectionEnvironment(URL_, {}, old).PGSSLMODE, 'disable')
    const unverified = connectionEnvironment(`${URL_}?sslmode=no-verify`, {}, old)
    assert.equal(unverified.PGSSLMODE, 'require')
  })
})

/** A directory whose `pg_dump` is that shell script. */
function pathWith(script: string) {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  writeFileSync(join(folder.path, 'pg_dump'), `#!/bin/sh\n${script}\n`, { mode: 0o700 })
  return folder
}

describe('findProgram', () => {
  it('names the packages when the program is missing', async () => {
    await assert.rejects(findProgram('pg_dump', { PATH: '/nonexistent' }, 17), {
      code: 'not_found',
      message: /pg_dump is not on the PATH: install postgresql-client/,
    })
  })

  it('refuses one older than the server, and takes a newer one', async () => {
    using folder = pathWith('echo "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"')
    const env = { PATH: folder.path }
    await assert.rejects(findProgram('pg_dump', env, 17), {
      message:
        /is PostgreSQL 17, and pg_dump on the PATH is version 15: install postgresql-client-17/,
    })
    assert.deepEqual(await findProgram('pg_dump', env, 14), { name: 'pg_dump', major: 15 })
  })
})

describe('runProgram', () => {
  it('reports what a failed program printed', async () => {
    using folder = pathWith('echo "could not connect" >&2; exit 3')
    await assert.rejects(runProgram('pg_dump', [], { env: { PATH: folder.path } }), {
      message: 'pg_dump failed (3):\ncould not connect',
    })
  })
})
