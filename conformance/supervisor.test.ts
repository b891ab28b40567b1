/** The supervisor of several workers: signals, the end of processes, ports, TLS, its options. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '@modulariot/platform/testing/free-port'
import { openConnection } from './support/connection.ts'
import { environmentWithoutSettings } from './support/environment.ts'
import { holdBack } from './support/held-request.ts'
import { type RunningServer, runMiot, startServer } from './support/running-server.ts'
import { scrape } from './support/scrape.ts'
import { closeTerminalOf, noTerminal } from './support/terminal.ts'
import { writeTlsFiles } from './support/tls-files.ts'
import { accessToken } from './support/token-requests.ts'
import { report, reportHeaders } from './support/track-requests.ts'
import { until } from './support/until.ts'
import { isRunning, logged, openOnAll, workerPids } from './support/workers.ts'

const MIOT = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
const SERVES = 'a worker serves'
const NOT_RESTARTED = 'not all workers were restarted'

/** The log arrives by another pipe than the start message. */
const allPids = (server: RunningServer, count: number): Promise<number[]> =>
  until(async () => {
    const pids = workerPids(server)
    // Those that start together are ready in any order.
    return Object.keys(pids).length === count ? pids : undefined
  })

/** The process may have ended. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
  }
}

describe('a server with workers', { timeout: 120_000 }, () => {
  it('says 503 at every worker from SIGTERM on, and leaves no process', async () => {
    const server = await startServer({ MIOT_WORKERS: '3', MIOT_DRAIN_SECONDS: '5' })
    const pids = await allPids(server, 3)
    const connections = await openOnAll(server.url, 6)
    const ended = server.kill('SIGTERM')
    const answers = await until(async () => {
      const stopping = openConnection(server.url)
      const { status } = await stopping.send({ method: 'GET', path: '/readyz' })
      stopping.close()
      return status === 503 ? true : undefined
    }).then(() =>
      Promise.all(connections.map((one) => one.send({ method: 'GET', path: '/readyz' }))),
    )
    for (const { status, text } of answers) {
      assert.equal(status, 503)
      assert.match(text, /"status":"stopping"/)
    }
    // As npm does with a signal that the whole terminal got.
    process.kill(server.pid(), 'SIGTERM')
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    await ended
    for (const pid of pids) assert.ok(!isRunning(pid))
    for (const connection of connections) connection.close()
    await server.stop()
  })

  it('serves on while a worker hangs, which holds up one new connection at most', async () => {
    const metricsPort = await freePort()
    const server = await startServer({
      MIOT_WORKERS: '2',
      MIOT_METRICS_PORT: String(metricsPort),
    })
    const [hanging] = (await allPids(server, 2)) as [number]
    const total =
      'miot_http_requests_total{application="health",route="/livez",method="GET",status="200"}'
    const connection = openConnection(server.url)
    await connection.send({ method: 'GET', path: '/livez' })
    connection.close()
    assert.equal((await scrape(metricsPort)).get(total), 1)
    process.kill(hanging, 'SIGSTOP')
    const five = Promise.withResolvers<void>()
    let answered = 0
    const answers = Array.from({ length: 6 }, async () => {
      const { status } = await fetch(`${server.url}/livez`, { headers: { connection: 'close' } })
      if (++answered === 5) five.resolve()
      return status
    })
    await five.promise
    assert.ok((await scrape(metricsPort)).has('miot_workers{state="ready"}'))
    process.kill(hanging, 'SIGCONT')
    assert.deepEqual(await Promise.all(answers), [200, 200, 200, 200, 200, 200])
    assert.equal((await scrape(metricsPort)).get(total), 7)
    await server.stop()
  })

  const REFUSED = {
    'is refused': {
      ...{ name: 'LOG_LEVEL', before: () => 'info', now: () => 'nonsense' },
      says: /MIOT_LOG_LEVEL must be one of/,
    },
    // The issuer would follow it.
    'needs a restart': {
      ...{ name: 'HOST', before: () => '127.0.0.1', now: () => '127.0.0.2' },
      says: /MIOT_HOST has changed: stop/,
    },
    'names another SQLite database': {
      name: 'DATABASE_URL',
      before: (folder: string) => `sqlite:${join(folder, 'one')}`,
      now: (folder: string) => `sqlite:${join(folder, 'other')}`,
      says: /the database has changed: stop the server and start it again/,
    },
  }
  for (const [what, { name, before, now, says }] of Object.entries(REFUSED)) {
    it(`keeps its workers when SIGHUP finds a setting that ${what}`, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const file = join(folder.path, 'setting')
      writeFileSync(file, before(folder.path))
      const server = await startServer({ MIOT_WORKERS: '2', [`MIOT_${name}_FILE`]: file })
      const pids = await allPids(server, 2)
      writeFileSync(file, now(folder.path))
      process.kill(server.pid(), 'SIGHUP')
      await until(async () => logged(server, NOT_RESTARTED)[0])
      assert.match(server.output(), says)
      assert.deepEqual(workerPids(server), pids)
      assert.equal((await fetch(`${server.url}/livez`)).status, 200)
      await server.stop()
    })
  }

  it('goes back to the settings of before when a later worker does not start with the new', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const place = (name: string) => join(folder.path, name)
    const write = (map: string, maxAge: string): void => {
      writeFileSync(place(map), 'PMTiles\u0003')
      writeFileSync(place('map'), place(map))
      writeFileSync(place('max-age'), maxAge)
    }
    write('before', '11')
    const server = await startServer({
      MIOT_WORKERS: '2',
      MIOT_CONSOLE_MAP_FILE: place('map'),
      MIOT_JWKS_MAX_AGE_FILE: place('max-age'),
    })
    const [, second] = await allPids(server, 2)
    const connection = openConnection(server.url)
    const token = await accessToken(connection, server.credentials)
    connection.close()
    // The first worker does not end before them, and the second is not replaced before that.
    const held = await Promise.all(
      ['HELD-0', 'HELD-1'].map((id) =>
        holdBack(server.url, token, {
          ...{ method: 'POST', path: '/v1/asset/track', headers: reportHeaders() },
          body: JSON.stringify(report(id)),
        }),
      ),
    )
    write('now', '22')
    process.kill(server.pid(), 'SIGHUP')
    await until(async () => (logged(server, SERVES).length === 3 ? true : undefined))
    rmSync(place('now'))
    const answers = await Promise.all(held.map((one) => one.finish()))
    for (const { status, text } of answers) assert.equal(status, 200, text)
    await until(async () => logged(server, NOT_RESTARTED)[0], 60_000)
    assert.equal(logged(server, 'no worker has the new settings').length, 1)
    assert.match(server.output(), /MIOT_CONSOLE_MAP: \S+now cannot be read: ENOENT/)
    assert.equal(workerPids(server)[1], second)
    const connections = await openOnAll(server.url, 4)
    for (const one of connections) {
      const { headers } = await one.send({ method: 'GET', path: '/.well-known/jwks.json' })
      assert.match(String(headers['cache-control']), /max-age=11\b/)
      one.close()
    }
    await server.stop()
  })

  it('is not troubled by signals of the terminal while workers exit', async () => {
    const server = await startServer({ MIOT_WORKERS: '4' })
    const pids = await allPids(server, 4)
    const ended = server.kill('SIGINT')
    const hasEnded = ended.then(() => true)
    const turn = () => new Promise<false>((resolve) => setImmediate(resolve, false))
    while (!(await Promise.race([hasEnded, turn()]))) {
      for (const pid of pids) signal(pid, 'SIGINT')
    }
    assert.deepEqual(logged(server, 'a worker did not end in order'), [])
    await server.stop()
  })

  it('ends when its terminal is closed', { skip: noTerminal() }, async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const settings = {
      ...{ HOME: folder.path, MIOT_DATA_DIR: join(folder.path, 'data') },
      ...{ MIOT_PORT: String(await freePort()), MIOT_METRICS_PORT: '0' },
    }
    const pid = await closeTerminalOf(['serve', '--workers', '2'], settings, 'listen on')
    try {
      await until(async () => (isRunning(pid) ? undefined : true))
    } finally {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL')
    }
  })

  it('restarts its workers after a SIGHUP that came while they started', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const child = spawn(process.execPath, [MIOT, 'serve', '--workers', '2'], {
      env: {
        ...{ ...environmentWithoutSettings(), MIOT_DATA_DIR: folder.path },
        ...{ MIOT_PORT: String(await freePort()), MIOT_METRICS_PORT: '0' },
      },
    })
    const ended = once(child, 'exit')
    let log = ''
    try {
      child.stderr.on('data', (text) => {
        // The first one; the server does not listen yet.
        if (!log.includes(SERVES) && String(text).includes(SERVES)) child.kill('SIGHUP')
        log += text
      })
      await until(async () => {
        assert.equal(child.exitCode ?? child.signalCode, null, log)
        return log.includes('all workers were restarted') ? true : undefined
      })
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('ends when its supervisor is killed', async () => {
    const server = await startServer({ MIOT_WORKERS: '2' })
    const pids = await allPids(server, 2)
    await server.kill('SIGKILL')
    await until(async () => (pids.some(isRunning) ? undefined : true))
    await server.restart()
    await server.stop()
  })

  it('says once that its port is in use, and starts nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const settings = { MIOT_WORKERS: '2', MIOT_PORT: String(port) }
    await assert.rejects(startServer(settings), (error: Error) => {
      const told = `Port ${port} on 127.0.0.1 is in use: set MIOT_PORT to a free one`
      assert.match(error.message, /ended \(1\)/)
      assert.equal(error.message.split(told).length, 2, error.message)
      return true
    })
    other.close()
  })

  it('says once why its first worker cannot start', async () => {
    const settings = { MIOT_WORKERS: '2', MIOT_DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }
    await assert.rejects(startServer(settings), (error: Error) => {
      assert.match(error.message, /ended \(5\)/)
      assert.equal(error.message.match(/The store is unavailable/g)?.length, 1, error.message)
      return true
    })
  })

  it('serves TLS, and a socket held by another supervisor', async () => {
    using files = writeTlsFiles('workers')
    const server = await startServer({ MIOT_WORKERS: '2', ...files.settings }, 'held')
    const { status, stdout, stderr } = await server.miot(['token', 'get', '--json'], {
      env: { NODE_EXTRA_CA_CERTS: files.settings.MIOT_TLS_CERT },
    })
    assert.equal(status, 0, stderr)
    assert.match(stdout, /access_token/)
    await server.restart()
    await server.stop()
  })
})

describe('miot serve --workers', () => {
  it('says which numbers it takes', async () => {
    for (const wrong of ['0', '-1', 'many', '129', '1.5', '']) {
      const { status, stderr } = await runMiot(['serve', '--workers', wrong, '--no-json'])
      assert.equal(status, 2)
      assert.match(stderr, /It must be a whole number from 1 to 128, or auto for one on each core/)
    }
    const { status, stderr } = await runMiot(['serve'], { env: { MIOT_WORKERS: '0' } })
    assert.equal(status, 2)
    assert.match(stderr, /MIOT_WORKERS must be a whole number from 1 to 128/)
  })
})
