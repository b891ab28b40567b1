/**
 * A disk that gets full while reports arrive, and has room again.
 *
 * Promised: 503 with `Retry-After` and never a false 200; reads and logins go on; it heals by
 * itself, and then holds everything that was acknowledged, once. The disk is a small one in memory
 * (tmpfs), which takes the right to mount: without it the program says so and proves nothing.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Connection, openConnection } from '../conformance/support/connection.ts'
import { startServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { assetIds, track } from '../conformance/support/track-requests.ts'
import { faultReport, storedRequests } from './support/stored-requests.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const MEGABYTES = values.quick ? 40 : 96
/**
 * What is taken away to make room again; it must be more than the log that waits to be worked off.
 */
const BALLAST_MEGABYTES = values.quick ? 16 : 32
const SENDERS = 16
const FILLER = 'x'.repeat(20_000)
/** With the disk full for so long. */
const REFUSALS = values.quick ? 200 : 2000
const HEALED_WITHIN_MS = 10_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** @returns what takes it away again, or null where we may not mount. */
function mountSmallDisk(folder: string): (() => void) | null {
  try {
    const options = `size=${MEGABYTES}m,mode=0700`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    return null
  }
  return () => execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' })
}

interface Load {
  readonly acknowledged: Set<string>
  readonly refused: string[]
}

let sendings = 0

/** One more report; whether it was stored. Anything but 200 and 503 breaks the promise. */
async function report(connection: Connection, token: string, load: Load, known?: string) {
  const request_id = known ?? `request-${sendings++}`
  const body = faultReport(`asset-${request_id}`, FILLER)
  const answer = await track(connection, token, body, { 'x-request-id': request_id })
  if (answer.status === 200) {
    load.acknowledged.add(request_id)
    return true
  }
  assert.equal(answer.status, 503, answer.text)
  assert.match(String(answer.headers['retry-after']), /^\d+$/)
  load.refused.push(request_id)
  return false
}

/** Again and again, as a device does. @returns for how long, milliseconds. */
async function reportUntilStored(
  connection: Connection,
  token: string,
  load: Load,
  known?: string,
): Promise<number> {
  const began = performance.now()
  while (!(await report(connection, token, load, known))) {
    assert.ok(performance.now() - began < HEALED_WITHIN_MS, 'it heals')
    await wait(20)
  }
  return performance.now() - began
}

/** Reports arrive until so many were refused. */
async function fill(connection: Connection, token: string, load: Load): Promise<void> {
  async function sendOn(): Promise<void> {
    while (load.refused.length < REFUSALS) await report(connection, token, load)
  }
  await Promise.all(Array.from({ length: SENDERS }, sendOn))
}

async function assertHeld(folder: string, { acknowledged }: Load): Promise<void> {
  const stored = await storedRequests(folder)
  const names = stored.map(({ request_id }) => request_id)
  assert.equal(new Set(names).size, names.length, 'nothing is there twice')
  assert.deepEqual(new Set(names), acknowledged, 'what was acknowledged is there, and nothing else')
  assert.ok(stored.every((one) => one.positions + one.metrics + one.events === 3))
}

const folder = mkdtempSync(join(tmpdir(), 'miot-full-'))
const unmount = mountSmallDisk(folder)
if (unmount === null) {
  say('not run: a small disk takes the right to mount one')
  rmdirSync(folder)
  process.exit(0)
}
const ballast = join(folder, 'ballast')
writeFileSync(ballast, new Uint8Array(BALLAST_MEGABYTES * 1024 ** 2))
const server = await startServer({ MIOT_DATA_DIR: folder, MIOT_LOG_LEVEL: 'silent' })
try {
  const connection = openConnection(server.url, SENDERS)
  const token = await accessToken(connection, server.credentials)
  const load: Load = { acknowledged: new Set(), refused: [] }

  await fill(connection, token, load)
  const { bavail, bsize } = statfsSync(folder)
  say(`a disk of ${MEGABYTES} MB: ${load.acknowledged.size} reports stored, then it was full`)
  say(`  ${load.refused.length} were refused with 503, ${bavail * bsize} bytes were free`)

  assert.equal((await assetIds(connection, token)).length, load.acknowledged.size)
  await accessToken(connection, server.credentials)
  say('  what is stored could be read, and a login worked')

  rmSync(ballast)
  const healedMs = await reportUntilStored(connection, token, load)
  say(`  with room again it stored the next one after ${Math.round(healedMs)} ms`)
  for (const request_id of load.refused.slice(0, 50)) {
    await reportUntilStored(connection, token, load, request_id)
  }
  await server.kill('SIGKILL')
  await assertHeld(folder, load)
  say('  nothing acknowledged is lost, nothing refused was kept, nothing is there twice')
  connection.close()
} finally {
  await server.stop()
  unmount()
  rmdirSync(folder)
}
