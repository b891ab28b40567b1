/** `miot assets positions|events|export`: what assets reported, read back and written to files. */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { trackBatch } from './support/track-requests.ts'

const REPORTS = 2500
const FIRST = Date.parse('2026-01-15T12:00:00Z')

let server: RunningServer
let folder: string

before(async () => {
  server = await startServer()
  folder = mkdtempSync(join(tmpdir(), 'miot-export-'))
  const connection = openConnection(server.url)
  const token = await accessToken(connection, server.credentials)
  const reports = Array.from({ length: REPORTS }, (_, index) => {
    const timestamp = new Date(FIRST + index * 1000).toISOString()
    return {
      ...{ asset_id: 'E-1', timestamp, gps: { latitude: 1, longitude: index / 100 } },
      ...(index === 7 && {
        events: [{ event_type: 'door', timestamp: '2026-01-15T14:00:07+02:00', severity: 'high' }],
        metrics: { schema: 'miot.metrics@1.0', items: [{ k: 'engine.rpm', v: 1500, u: 'rpm' }] },
      }),
    }
  })
  for (let at = 0; at < REPORTS; at += 1000) {
    const answer = await trackBatch(connection, token, reports.slice(at, at + 1000))
    assert.equal(answer.json().status, 'success', answer.text)
  }
  connection.close()
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server.stop()
})

async function miot(...args: string[]) {
  const { status, stdout, stderr } = await server.miot(['assets', ...args, '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

async function refused(...args: string[]) {
  const { status, stderr } = await server.miot(['assets', ...args, '--json'])
  return { status, message: JSON.parse(stderr).error.message as string }
}

describe('miot assets', () => {
  it('lists positions and events, with a limit and a period', async () => {
    const all = await miot('positions', 'E-1', '--limit', '2500')
    assert.deepEqual([all.positions.length, all.more], [REPORTS, false])
    const newest = await miot('positions', 'E-1', '--newest', '--limit', '1')
    assert.equal(newest.positions[0].longitude, (REPORTS - 1) / 100)
    assert.equal(newest.more, true)
    const to = new Date(FIRST + 3000).toISOString()
    assert.equal((await miot('positions', 'E-1', '--to', to)).positions.length, 3)
    const { events } = await miot('events', '--severity', 'high')
    assert.deepEqual([events[0].asset_id, events[0].event_type], ['E-1', 'door'])
    assert.equal((await miot('events', 'E-1', '--type', 'window')).events.length, 0)
    const text = await server.miot(['assets', 'events', 'E-1', '--no-json'])
    assert.match(text.stdout, /2026-01-15 12:00:07Z {2}high/)
    assert.equal((await refused('positions', 'E-none')).status, 3)
    assert.equal((await refused('positions', 'E-1', '--from', 'yesterday')).status, 2)
  })

  it('exports what devices with a clock ahead have reported, by default', async () => {
    const timestamp = new Date(Date.now() + 50 * 60_000).toISOString()
    const connection = openConnection(server.url)
    const token = await accessToken(connection, server.credentials)
    const report = { asset_id: 'E-ahead', timestamp, gps: { latitude: 1, longitude: 2 } }
    assert.equal((await trackBatch(connection, token, [report])).json().status, 'success')
    connection.close()
    const out = join(folder, 'ahead.csv')
    const { rows, to } = await miot('export', '--asset', 'E-ahead', '--out', out)
    assert.equal(rows, 1)
    assert.ok(Date.parse(to) > Date.parse(timestamp))
    rmSync(out)
  })

  it('exports whole files, by page, and leaves none that is not whole', async () => {
    const csv = join(folder, 'positions.csv')
    const { rows } = await miot('export', '--asset', 'E-1', '--out', csv)
    assert.equal(rows, REPORTS)
    assert.equal(readFileSync(csv, 'utf8').split('\r\n').length, REPORTS + 2)
    assert.equal(statSync(csv).mode & 0o777, 0o600)

    const ndjson = join(folder, 'events.ndjson')
    await miot('export', '--data', 'events', '--format', 'ndjson', '--out', ndjson)
    const event = JSON.parse(readFileSync(ndjson, 'utf8'))
    assert.deepEqual([event.asset_id, event.timestamp], ['E-1', '2026-01-15T14:00:07+02:00'])
    const parquet = join(folder, 'metrics.parquet')
    await miot('export', '--data', 'metrics', '--format', 'parquet', '--out', parquet)
    const bytes = readFileSync(parquet, 'latin1')
    assert.deepEqual([bytes.slice(0, 4), bytes.slice(-4)], ['PAR1', 'PAR1'])

    for (const [args, status] of [
      [['--out', csv], 2],
      [['--out', join(folder, 'none', 'x')], 2],
      [['--out', join(folder, 'x'), '--asset', 'E-none'], 3],
      [['--out', join(folder, 'x'), '--format', 'xls'], 2],
    ] as const) {
      assert.equal((await refused('export', ...args)).status, status, args.join(' '))
    }
    const left = ['events.ndjson', 'metrics.parquet', 'positions.csv']
    assert.deepEqual(readdirSync(folder).sort(), left)
  })
})
