/**
 * A disk fills up while reports arrive, and has space again later.
 *
 * Guarantee: 503 with `Retry-After` and never a false 200; reads and logins continue; `/readyz`
 * names the API, and the log does not repeat itself; the server recovers on its own, and then holds
 * everything that it acknowledged, once. The disk is a small
 * one in memory (tmpfs), which needs permission to mount: without it the program is skipped with a
 * message.
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
import { faultReport, requestName, storedRequests } from './support/stored-requests.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const MEGABYTES = values.quick ? 40 : 96
/** Deleted to free space; must be larger than the WAL that waits for a checkpoint. */
const BALLAST_MEGABYTES = values.quick ? 16 : 32
const SENDERS = 16
const FILLER = 'x'.repeat(20_000)
/** Refusals while the disk is full. */
const REFUSALS = values.quick ? 200 : 2000
const HEALED_WITHIN_MS = 10_000

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** @returns a function that unmounts it, or null without permission to mount. */
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

/** Sends one more report; true if it was stored. Anything but 200 and 503 breaks the guarantee. */
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

/** Retries as a device does. @returns how long it took, milliseconds. */
async function reportUntilStored(
  connection: Connection,
  token: string,
  load: Load,
  known?: string,
): Promise<number> {
  const began = performance.now()
  while (!(await report(connection, token, load, known))) {
    assert.ok(performance.now() - began < HEALED_WITHIN_MS, 'it recovers')
    await wait(20)
  }
  return performance.now() - began
}

/** Sends reports until this many were refused. */
async function fill(connection: Connection, token: string, load: Load): Promise<void> {
  async function keepSending(): Promise<void> {
    while (load.refused.length < REFUSALS) await report(connection, token, load)
  }
  await Promise.all(Array.from({ length: SENDERS }, keepSending))
}

/** Waits until `/readyz` answers with this status. */
async function assertReadiness(connection: Connection, status: number): Promise<object> {
  const began = performance.now()
  for (;;) {
    const answer = await connection.send({ method: 'GET', path: '/readyz' })
    if (answer.status === status) return JSON.parse(answer.text)
    assert.ok(performance.now() - began < HEALED_WITHIN_MS, `/readyz: ${answer.text}`)
    await wait(100)
  }
}

async function assertHeld(
  folder: string,
  client_id: string,
  { acknowledged }: Load,
): Promise<void> {
  const { requests, reports } = await storedRequests(folder)
  assert.deepEqual(
    requests,
    new Set([...acknowledged].map((request_id) => requestName(client_id, request_id))),
    'the store holds the acknowledged reports, and no others',
  )
  assert.ok(reports.every((one) => one.positions + one.metrics + one.events === 3))
}

const folder = mkdtempSync(join(tmpdir(), 'miot-full-'))
const unmount = mountSmallDisk(folder)
if (unmount === null) {
  print('skipped: mounting a small disk needs permission')
  rmdirSync(folder)
  process.exit(0)
}
const ballast = join(folder, 'ballast')
writeFileSync(ballast, new Uint8Array(BALLAST_MEGABYTES * 1024 ** 2))
const server = await startServer({ MIOT_DATA_DIR: folder, MIOT_LOG_LEVEL: 'error' })
try {
  const connection = openConnection(server.url, SENDERS)
  const token = await accessToken(connection, server.credentials)
  const load: Load = { acknowledged: new Set(), refused: [] }

  await fill(connection, token, load)
  const { bavail, bsize } = statfsSync(folder)
  print(`a disk of ${MEGABYTES} MB: ${load.acknowledged.size} reports stored until it was full`)
  print(`  ${load.refused.length} refused with 503, ${bavail * bsize} bytes free`)

  const readiness = await assertReadiness(connection, 503)
  assert.deepEqual('unwritable' in readiness && readiness.unwritable, ['api'])
  const lines = server.output().match(/"level":50/g)?.length ?? 0
  assert.ok(lines > 0 && lines < 20, `${lines} lines in the log`)
  print(`  /readyz is 503, and the log has ${lines} lines about it`)

  assert.equal((await assetIds(connection, token)).length, load.acknowledged.size)
  await accessToken(connection, server.credentials)
  print('  stored reports can be read, and a login works')

  rmSync(ballast)
  const healedMs = await reportUntilStored(connection, token, load)
  print(`  with free space it stored the next report after ${Math.round(healedMs)} ms`)
  await assertReadiness(connection, 200)
  for (const request_id of load.refused.slice(0, 50)) {
    await reportUntilStored(connection, token, load, request_id)
  }
  await server.kill('SIGKILL')
  await assertHeld(folder, server.credentials.client_id, load)
  print('  no acknowledged report is lost, no refused one is stored, none is stored twice')
  connection.close()
} finally {
  await server.stop()
  unmount()
  rmdirSync(folder)
}
