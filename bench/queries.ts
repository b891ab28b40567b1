/**
 * How long a page out of ten million rows takes over HTTP, beside a bare prepared statement for the
 * same rows. One query at a time, ModularIoT and the bare statement in turn.
 */

import { parseArgs } from 'node:util'
import { summarize } from '../faults/support/summary.ts'
import { openFullPostgres } from './queries/full-postgres.ts'
import { openFullSqlite } from './queries/full-sqlite.ts'
import { amountsFor, FLEET, type FullStore, type Piece } from './queries/full-store.ts'
import { PAGE_QUERIES, type PageQuery } from './queries/page-queries.ts'
import { CAN_PIN, LOAD_CORE, pinThisProcess, SERVER_CORE } from './support/child.ts'
import { type OurServer, STORES, startOurs } from './support/our-server.ts'
import { keep, print } from './support/results.ts'
import { fleetTokens, tenantOf } from './telemetry/fleet.ts'

/** Queries before the measurement: code is compiled and plans are cached by then. */
const WARM_UP = 20

interface Line {
  readonly store: string
  readonly query: string
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bareP50Ms: number
  readonly bareP99Ms: number
}

export async function queries(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rows: { type: 'string', default: '10000000' },
      times: { type: 'string', default: '300' },
      store: { type: 'string', multiple: true, default: [...STORES] },
      row: { type: 'string', multiple: true, default: Object.keys(PAGE_QUERIES) },
      json: { type: 'boolean', default: false },
    },
  })
  const lines: Line[] = []
  for (const store of STORES.filter((one) => values.store.includes(one))) {
    pinThisProcess(SERVER_CORE)
    // Closes in this order in any case: a server that closes an open connection causes an error.
    await using opened = new AsyncDisposableStack()
    const server = await startOurs(store)
    opened.defer(() => server.stop())
    if (CAN_PIN) pinThisProcess(LOAD_CORE)
    const [token = ''] = await fleetTokens(server, 1)
    const full = await openFullStore(server)
    opened.defer(() => full.close())
    await fill(full, token, Number(values.rows), store)
    for (const name of values.row) {
      print(`${store}: ${name}`)
      const query = PAGE_QUERIES[name]
      if (query === undefined) throw new Error(`There is no query "${name}"`)
      const times = Number(values.times)
      lines.push({
        store,
        query: name,
        ...(await measure(server, full, token, query, times)),
      })
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(lines)
  keep('queries', { rows: Number(values.rows), lines })
}

async function openFullStore({ folder, databaseUrl }: OurServer): Promise<FullStore> {
  return databaseUrl === null ? openFullSqlite(folder) : openFullPostgres(databaseUrl)
}

async function fill(full: FullStore, token: string, rows: number, store: string): Promise<void> {
  const started = performance.now()
  const pieces = await full.pieces(tenantOf(token), amountsFor(rows))
  const total = pieces.reduce((sum, piece) => sum + piece.rows, 0)
  print(`${store}: ${total.toLocaleString('en')} rows for ${FLEET} assets`)
  const done = new Map<string, number>()
  for (const piece of pieces) {
    await piece.make()
    show(done, piece, pieces)
  }
  await full.finish()
  print(`${store}: full after ${((performance.now() - started) / 1000).toFixed(0)} s`)
}

/** A line for each tenth of a table. */
function show(done: Map<string, number>, { table, rows }: Piece, pieces: readonly Piece[]): void {
  const all = pieces.reduce((sum, piece) => sum + (piece.table === table ? piece.rows : 0), 0)
  const before = done.get(table) ?? 0
  done.set(table, before + rows)
  const tenth = Math.floor(((before + rows) * 10) / all)
  if (tenth > Math.floor((before * 10) / all)) print(`  ${table}: ${tenth * 10} % of ${all}`)
}

async function measure(
  server: OurServer,
  full: FullStore,
  token: string,
  query: PageQuery,
  times: number,
): Promise<Omit<Line, 'store' | 'query'>> {
  const schema = server.databaseUrl === null ? '' : 'telemetry.'
  const headers = { authorization: `Bearer ${token}` }
  const draw = createDraw()
  const [ours, bare]: [number[], number[]] = [[], []]
  for (let time = -WARM_UP; time < times; time++) {
    const { path, bare: statement } = query(schema, draw)
    const started = performance.now()
    const response = await fetch(`${server.issuer}${path}`, { headers })
    const answer = await response.text()
    const between = performance.now()
    const rows = await full.query(statement.text, statement.values)
    const ended = performance.now()
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${answer}`)
    if (rows.length === 0) throw new Error(`no rows for ${statement.text}`)
    if (time >= 0) {
      ours.push(between - started)
      bare.push(ended - between)
    }
  }
  const [us, them] = [summarize(ours), summarize(bare)]
  return {
    p50Ms: rounded(us.p50),
    p99Ms: rounded(us.p99),
    bareP50Ms: rounded(them.p50),
    bareP99Ms: rounded(them.p99),
  }
}

/** The same queries in every run. */
function createDraw(): (below: number) => number {
  let state = 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
