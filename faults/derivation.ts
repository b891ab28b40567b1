/**
 * `kill -9` while old rows move to chunks (ADR 63) and old reports to blocks (ADR 64): reports of
 * the days before arrive, a third of them late, and maintenance never pauses. After each kill the
 * batch without an answer is sent again.
 *
 * Guarantee: of each report that was acknowledged, the value, the position and the report itself
 * are read exactly once and in order. 50 times on each store; `--quick` 2, `--rounds N` for another
 * number, `--store sqlite|postgres` for one only.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { TelemetryStore } from '@modulariot/api'
import { openPostgres } from '@modulariot/platform/postgres'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { ASSETS, assetOf, KEY, REPORTS_A_BATCH, TENANT, timeOf } from './support/moving-reports.ts'
import { openTelemetryStore } from './support/open-telemetry-store.ts'
import { STORES, type StoreKind } from './support/two-instances.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    store: { type: 'string' },
  },
})
const ROUNDS = Number(values.rounds ?? (values.quick ? 2 : 50))

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/**
 * Runs the program until it has stored so many batches and moved at least once, and kills it.
 *
 * @returns the number of reports that are acknowledged, counted from the first of all.
 */
async function storeAndKill(database: string, first: number, batches: number): Promise<number> {
  const program = new URL('./support/move-and-append.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, database, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let acknowledged = first
  let moved = 0
  for await (const line of createInterface(child.stdout)) {
    const [word, count] = line.split(' ')
    if (word === 'moved') moved++
    else acknowledged = Number(count)
    // What it prints after this was acknowledged too.
    if (moved > 0 && acknowledged - first >= batches * REPORTS_A_BATCH) child.kill('SIGKILL')
  }
  const [code, signal] = await exited
  assert.equal(signal, 'SIGKILL', `the program ended by itself, with ${code}`)
  return acknowledged
}

type After = Parameters<TelemetryStore['positions']>[2]['after']
interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next: After
}

/** PostgreSQL may finish a statement, and commit, after its client has been killed. */
async function untilAlone(url: string): Promise<void> {
  const postgres = openPostgres(url)
  try {
    for (const deadline = performance.now() + 30_000; ; await setTimeout(20)) {
      const { rows } = await postgres.query<{ others: number }>(
        `SELECT count(*) AS others FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      )
      if (rows[0]?.others === 0) return
      assert.ok(performance.now() < deadline, 'the sessions of a killed client do not end')
    }
  } finally {
    await postgres.close()
  }
}

async function all<Row>(read: (after: After) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = []
  for (let after: After = null; ; ) {
    const page: Page<Row> = await read(after)
    rows.push(...page.rows)
    after = page.next
    if (after === null) return rows
  }
}

/** @param unanswered how many reports after the acknowledged ones may be there too. */
async function assertWhole(store: TelemetryStore, acknowledged: number, unanswered: number) {
  let more = 0
  for (let asset = 0; asset < ASSETS; asset++) {
    const name = assetOf(asset)
    const metrics = await all((after) =>
      store.metrics(TENANT, name, { key: KEY, after, limit: 1000 }),
    )
    const positions = await all((after) => store.positions(TENANT, name, { after, limit: 1000 }))
    const found = metrics.map(({ value }) => value as number)
    const certain = expected(asset, acknowledged)
    const possible = expected(asset, acknowledged + unanswered)
    const there = new Set(found)
    assert.deepEqual(
      found,
      possible.filter((index) => there.has(index)),
      `${name}: each value once, in order`,
    )
    assert.deepEqual(
      certain.filter((index) => !there.has(index)),
      [],
      `${name}: no acknowledged value is lost`,
    )
    assert.deepEqual(
      positions.map(({ latitude }) => Math.round(latitude * 1e5)),
      found,
      `${name}: a position for each value`,
    )
    more += found.length - certain.length
  }
  // A batch is stored as a whole.
  assert.ok(more === 0 || more === unanswered, `${more} of an unanswered batch`)
  const expectedFeed = Array.from({ length: acknowledged + more }, (_, index) => index)
  assert.deepEqual(await feedOf(store), expectedFeed, 'each report is once in the feed, in order')
}

async function feedOf(store: TelemetryStore): Promise<number[]> {
  const indexes: number[] = []
  for (let [cursor, isMore] = [0, true]; isMore; ) {
    const feed = await store.readSince(TENANT, cursor, 1000)
    for (const { payload } of feed.entries) indexes.push(JSON.parse(payload).index)
    ;[cursor, isMore] = [feed.cursor, feed.more]
  }
  return indexes
}

/** The reports of the asset before `end`, by time and then by arrival. */
function expected(asset: number, end: number): number[] {
  const indexes = Array.from({ length: end }, (_, index) => index)
  return indexes
    .filter((index) => index % ASSETS === asset)
    .toSorted((a, b) => timeOf(a) - timeOf(b) || a - b)
}

async function killAgainAndAgain(database: string, store: StoreKind): Promise<void> {
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged = await storeAndKill(database, acknowledged, 3 + ((round * 7) % 11))
    if (store === 'postgres') await untilAlone(database)
    const opened = await openTelemetryStore(database)
    try {
      await assertWhole(opened, acknowledged, REPORTS_A_BATCH)
    } finally {
      await opened.close()
    }
  }
  const opened = await openTelemetryStore(database)
  try {
    await opened.maintain(Date.now(), null)
    await assertWhole(opened, acknowledged, REPORTS_A_BATCH)
  } finally {
    await opened.close()
  }
  print(`${store}: killed ${ROUNDS} times while rows moved; ${acknowledged} reports`)
  print('  lost 0, doubled 0, out of order 0')
}

for (const store of STORES) {
  if (values.store !== undefined && values.store !== store) continue
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const postgres = store === 'postgres' ? await startPostgres() : null
  try {
    const database = (await postgres?.createDatabase()) ?? join(folder, 'telemetry.db')
    await killAgainAndAgain(database, store)
  } finally {
    await postgres?.stop()
    rmSync(folder, { recursive: true })
  }
}
