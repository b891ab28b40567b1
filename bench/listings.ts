/**
 * How long the admin API takes to find clients among a hundred thousand: requests for the first
 * fifty matches, their time, the longest of them, and how long logins wait while a search runs.
 */

import { parseArgs } from 'node:util'
import { summarize } from '../faults/support/summary.ts'
import { fillClients, login } from './support/fill-clients.ts'
import { type OurServer, STORES, startOurs } from './support/our-server.ts'
import { keep, print } from './support/results.ts'

const PAGE = 50

/** Query parameters of each row. */
const SEARCHES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'all clients, first page': {},
  'all clients, a page in the middle': { cursor: Buffer.from('client_V').toString('base64url') },
  'external_id of one': { external_id: 'device-77777' },
  'search, frequent': { search: 'truck' },
  'search, one match': { search: 'device-77777' },
  'search, not ASCII, one match': { search: 'ÑANDÚ 77777' },
  'search, no match': { search: 'nowhere' },
  'tag of one in a thousand': { tag: 'rare' },
  'tag, no match': { tag: 'nowhere' },
  'disabled, one in a thousand': { status: 'disabled' },
  'never used, one in a thousand': { never_used: 'true' },
  'unused since a year, one in a thousand': { unused_since: '2026-01-01T00:00:00Z' },
}

interface Line {
  readonly store: string
  readonly search: string
  readonly found: number
  readonly requests: number
  readonly ms: number
  readonly longestMs: number
}

export async function listings(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      clients: { type: 'string', default: '100000' },
      store: { type: 'string', multiple: true, default: [...STORES] },
      json: { type: 'boolean', default: false },
    },
  })
  const lines: Line[] = []
  for (const store of STORES.filter((one) => values.store.includes(one))) {
    await using opened = new AsyncDisposableStack()
    const server = await startOurs(store)
    opened.defer(() => server.stop())
    const admin = await administrator(server)
    await fillClients(server, admin.org_id, Number(values.clients))
    for (const [search, query] of Object.entries(SEARCHES)) {
      // Once before: plans and pages are cached then, as in a console that is in use.
      await firstMatches(server, admin.token, query)
      const figures = await firstMatches(server, admin.token, query)
      lines.push({ store, search, ...figures })
    }
    print(`${store}: logins beside searches without a match, ms: ${await logins(server, admin)}`)
  }
  if (values.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(lines)
  keep('listings', lines)
}

interface Administrator {
  readonly org_id: string
  readonly token: string
  readonly credentials: Readonly<Record<string, string>>
}

async function administrator(server: OurServer): Promise<Administrator> {
  const audience = `${server.issuer}/admin/v1`
  const made = await server.miot(['clients', 'create', '--name', 'admin', '--audience', audience])
  const { client_id, client_secret, grant_type } = JSON.parse(made)
  const credentials = { client_id, client_secret, grant_type, audience }
  const { access_token } = (await (await login(server, credentials)).json()) as {
    access_token: string
  }
  const claims = Buffer.from(access_token.split('.')[1] as string, 'base64url').toString()
  return { org_id: JSON.parse(claims).org_id, token: access_token, credentials }
}

/** Requests pages until there are as many clients as a page of the console shows. */
async function firstMatches(
  server: OurServer,
  token: string,
  query: Readonly<Record<string, string>>,
): Promise<Omit<Line, 'store' | 'search'>> {
  const times: number[] = []
  let found = 0
  let next: string | null = null
  do {
    const started = performance.now()
    const parameters = new URLSearchParams({ limit: String(PAGE), ...query })
    if (next !== null) parameters.set('cursor', next)
    const response = await fetch(`${server.issuer}/admin/v1/clients?${parameters}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const text = await response.text()
    times.push(performance.now() - started)
    if (response.status !== 200) throw new Error(`${response.status} ${text}`)
    const page = JSON.parse(text) as { clients: unknown[]; next_cursor: string | null }
    found += page.clients.length
    next = page.next_cursor
  } while (next !== null && found < PAGE)
  const ms = times.reduce((sum, one) => sum + one, 0)
  return {
    found,
    requests: times.length,
    ms: rounded(ms),
    longestMs: rounded(Math.max(...times)),
  }
}

/** The time of logins without a search, and beside one. */
async function logins(server: OurServer, { token, credentials }: Administrator): Promise<string> {
  const measure = async (while_: () => boolean): Promise<number[]> => {
    const times: number[] = []
    while (while_() && times.length < 2000) {
      const started = performance.now()
      await (await login(server, credentials)).arrayBuffer()
      times.push(performance.now() - started)
    }
    return times
  }
  let count = 0
  const alone = summarize(await measure(() => count++ < 300))
  let running = true
  const beside = measure(() => running)
  for (let round = 0; round < 5; round++) {
    await firstMatches(server, token, { search: 'nowhere' })
  }
  running = false
  const busy = summarize(await beside)
  const text = ({ p50, p99, max }: typeof busy) => [p50, p99, max].map(rounded).join(' / ')
  return `p50 / p99 / max ${text(alone)} alone, ${text(busy)} beside`
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
