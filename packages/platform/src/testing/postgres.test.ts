import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgres } from '../storage/postgres/index.ts'
import { startPostgres } from './postgres.ts'
import { processesOf } from './remove-postgres.ts'

/** On Linux; elsewhere they begin later. */
const EPHEMERAL_PORTS_FROM = 32_768

describe('a PostgreSQL server for a test', () => {
  it('keeps its data and its port when it is killed and started again', async () => {
    const server = await startPostgres()
    const url = await server.createDatabase()
    // An outgoing connection of another process would take one while the server is down.
    assert.ok(Number(new URL(url).port) < EPHEMERAL_PORTS_FROM)
    const postgres = openPostgres(url)
    try {
      await postgres.query('CREATE TABLE t AS SELECT 7 AS a')
      await server.kill('SIGKILL')
      await assert.rejects(postgres.query('SELECT a FROM t'))
      await server.restart()
      assert.deepEqual((await postgres.query('SELECT a FROM t')).rows, [{ a: 7 }])
      await server.restart()
      await server.kill('SIGSTOP')
      await assert.rejects(postgres.query('SELECT a FROM t'))
      await server.kill('SIGCONT')
      assert.deepEqual((await postgres.query('SELECT a FROM t')).rows, [{ a: 7 }])
    } finally {
      await postgres.close()
      await server.stop()
    }
  })

  it('is gone with its folder when the test is killed, even while it is frozen', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { startPostgres } = await import(${JSON.stringify(new URL('./postgres.ts', import.meta.url).href)})
         const server = await startPostgres()
         await server.kill('SIGSTOP')
         process.send(server.folder)
         setInterval(() => undefined, 1000)`,
      ],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    )
    const [folder] = (await once(child, 'message')) as [string]
    assert.notDeepEqual(processesOf(folder), [])
    child.kill('SIGKILL')
    while (existsSync(folder)) await sleep(20)
    assert.deepEqual(processesOf(folder), [])
  })
})
