/** Commands of `miot` that run until they are interrupted: following and simulating. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { openConnection } from './support/connection.ts'
import { environmentWithoutSettings } from './support/environment.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { report, track } from './support/track-requests.ts'

let { server, connection, token } = await startLoggedIn()
after(() => connection.close())

const spawnMiot = (...args: readonly string[]) =>
  spawn(process.execPath, ['packages/cli/src/main.ts', ...args], {
    env: {
      ...environmentWithoutSettings(),
      MIOT_DATA_DIR: server.dataDir,
      MIOT_ISSUER: server.url,
    },
  })

/** A running command, and the lines it prints. */
function running(...args: string[]) {
  const child = spawnMiot(...args)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const errors = text(child.stderr)
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done) assert.fail(`ended: ${await errors}`)
    return value
  }
  return { child, line, ended: endOf(child), errors }
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const [status] = (await once(child, 'close')) as [number | null]
  return status
}

/** Reports until the follower has printed one: it may not be connected yet. */
async function reportUntilSeen(asset_id: string, seen: Promise<string>): Promise<string> {
  let line: string | undefined
  void seen.then((value) => {
    line = value
  })
  while (line === undefined) {
    assert.equal((await track(connection, token, report(asset_id))).status, 200)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return line
}

describe('miot assets tail', { timeout: 60_000 }, () => {
  it('prints a line per report, and exits at once when interrupted', async () => {
    const { child, line, ended } = running('assets', 'tail', '--no-json')
    assert.match(
      await reportUntilSeen('TAILED', line()),
      /^\d{4}-\d\d-\d\d .* {2}TAILED {2}- {2}-$/,
    )
    child.kill('SIGINT')
    assert.equal(await ended, 0)
  })

  it('prints JSON for programs, resumes after a restart of the server, and exits after a count', async () => {
    const { line, ended } = running('assets', 'tail', '--json', '--asset', 'KEPT', '--count', '2')
    const first = JSON.parse(await reportUntilSeen('KEPT', line()))
    assert.equal(first.asset_id, 'KEPT')
    assert.deepEqual(Object.keys(first), ['asset_id', 'timestamp', 'received_at', 'report'])
    await server.restart()
    connection.close()
    connection = openConnection(server.url)
    const second = JSON.parse(await reportUntilSeen('KEPT', line()))
    assert.equal(second.asset_id, 'KEPT')
    assert.equal(await ended, 0)
  })
})

describe('miot with a closed output', { timeout: 60_000 }, () => {
  it('exits at the next line, without an error message', async () => {
    const { child, line, ended, errors } = running('assets', 'tail', '--asset', 'PIPED')
    await reportUntilSeen('PIPED', line())
    child.stdout.destroy()
    let status: number | null | undefined
    void ended.then((value) => {
      status = value
    })
    while (status === undefined) {
      await track(connection, token, report('PIPED'))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.deepEqual([status, await errors], [141, ''])
  })

  for (const [what, gone, args] of [
    ['help', 'stdout', ['--help']],
    ['a usage error', 'stderr', ['--unknown', '--no-json']],
    ['a usage error as JSON', 'stderr', ['--unknown', '--json']],
    ['a failure', 'stderr', ['clients', 'show', 'no-such-client', '--no-json']],
  ] as const) {
    it(`exits with ${what} that is not read`, async () => {
      const child = spawnMiot(...args)
      child[gone].destroy()
      assert.equal(await endOf(child), 141)
    })
  }

  it('keeps serving if it is the server', async () => {
    const port = await freePort()
    const dataDir = mkdtempSync(join(tmpdir(), 'miot-'))
    const child = spawn(process.execPath, ['packages/cli/src/main.ts', 'serve'], {
      env: {
        ...environmentWithoutSettings(),
        MIOT_DATA_DIR: dataDir,
        MIOT_PORT: String(port),
        MIOT_METRICS_PORT: '0',
      },
    })
    child.stdout.destroy()
    child.stderr.destroy()
    const ended = endOf(child)
    // Written before the welcome, so requests sent after it are answered later.
    while (!existsSync(join(dataDir, 'quickstart.env'))) {
      assert.equal(child.exitCode, null, 'it ended')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { status } = await fetch(`http://localhost:${port}/livez`)
    assert.equal(status, 200)
    child.kill('SIGINT')
    assert.equal(await ended, 0)
    rmSync(dataDir, { recursive: true })
  })
})

describe('miot track simulate', { timeout: 60_000 }, () => {
  it('simulates until it is interrupted, and prints a summary', async () => {
    const { child, ended, line } = running('track', 'simulate', '--assets', '2', '--no-json')
    const seen = running('assets', 'tail', '--asset', 'SIM-0002', '--count', '1', '--no-json')
    assert.match(await seen.line(), /SIM-0002 {2}-33\.\d+,-70\.\d+ {2}[\d.]+ km\/h$/)
    child.kill('SIGINT')
    assert.match(await line(), /^Sent \d+ reports of 2 assets in .* 0 errors/)
    assert.equal(await ended, 0)
    assert.equal(await seen.ended, 0)
  })
})
