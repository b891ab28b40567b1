/**
 * People who use the console while a fleet logs in: the requests of its pages, with a session, by
 * so many people at once; then logins alone, and beside them.
 */

import { parseArgs } from 'node:util'
import { type Summary, summarize } from '../faults/support/summary.ts'
import { fillClients, login } from './support/fill-clients.ts'
import { type OurServer, STORES, startOurs } from './support/our-server.ts'
import { keep, print } from './support/results.ts'

const PERSON = {
  ...{ name: 'Ana', email: 'ana@example.com', password: 'as long as it has to be' },
  organization_name: 'Fleet',
}
const PEOPLE = [1, 8, 32] as const

/** What each page reads when it opens. */
const PAGES: Readonly<Record<string, (client: string) => readonly string[]>> = {
  applications: () => ['/admin/v1/clients?limit=100', '/admin/v1/clients?limit=100&search=777'],
  application: (client) => [
    `/admin/v1/clients/${client}`,
    `/admin/v1/clients/${client}/usage`,
    `/admin/v1/activity?client_id=${client}`,
  ],
  activity: () => [
    '/admin/v1/activity',
    '/admin/v1/activity/refusals?limit=50',
    '/admin/v1/clients/hygiene',
    '/admin/v1/usage/wasteful?limit=50',
  ],
  keys: () => ['/admin/v1/keys', '/admin/v1/audiences'],
  members: () => ['/admin/v1/members', '/admin/v1/invitations'],
  trail: () => ['/admin/v1/audit?limit=50'],
}

interface Line {
  readonly store: string
  readonly page: string
  readonly people: number
  readonly opened: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export async function consolePages(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      clients: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '3' },
      store: { type: 'string', multiple: true, default: [...STORES] },
      json: { type: 'boolean', default: false },
    },
  })
  const seconds = Number(values.seconds)
  const lines: Line[] = []
  for (const store of STORES.filter((one) => values.store.includes(one))) {
    await using opened = new AsyncDisposableStack()
    const server = await startOurs(store)
    opened.defer(() => server.stop())
    const reader = await signUp(server)
    await fillClients(server, reader.org_id, Number(values.clients))
    const client = await reader.anyClient()
    for (const [page, pathsOf] of Object.entries(PAGES)) {
      for (const people of PEOPLE) {
        const times = await openPages(reader, pathsOf(client), people, seconds)
        const { count, ...figures } = summarize(times)
        lines.push({ ...{ store, page, people, opened: count }, ...rounded(figures) })
      }
    }
    print(`${store}: ${await besideLogins(server, reader, client, seconds)}`)
  }
  if (values.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(lines)
  keep('console', lines)
}

interface Reader {
  readonly org_id: string
  /** @throws Error for any answer but 200. */
  read(path: string): Promise<string>
  anyClient(): Promise<string>
}

/** The first account owns the installation. */
async function signUp({ issuer }: OurServer): Promise<Reader> {
  const own = { origin: issuer, 'sec-fetch-site': 'same-origin' }
  const answer = await fetch(`${issuer}/people/v1/sign-up`, {
    method: 'POST',
    headers: { ...own, 'content-type': 'application/json' },
    body: JSON.stringify(PERSON),
  })
  if (answer.status !== 201) throw new Error(await answer.text())
  const session = (await answer.json()) as { organizations: readonly { org_id: string }[] }
  const org_id = session.organizations[0]?.org_id as string
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
  const headers = { ...own, cookie, 'miot-organization': org_id, 'miot-environment': 'development' }
  const read = async (path: string): Promise<string> => {
    const response = await fetch(issuer + path, { headers })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`)
    return text
  }
  async function anyClient(): Promise<string> {
    const { clients } = JSON.parse(await read('/admin/v1/clients?limit=1'))
    return clients[0].client_id
  }
  return { org_id, read, anyClient }
}

/** Each person opens the page, waits for all of it, and opens it again. */
async function openPages(
  { read }: Reader,
  paths: readonly string[],
  people: number,
  seconds: number,
): Promise<readonly number[]> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const person = async (): Promise<void> => {
    while (performance.now() < end) {
      const started = performance.now()
      await Promise.all(paths.map(read))
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: people }, person))
  return times
}

/** Logins one after the other, alone and beside eight people who open every page. */
async function besideLogins(
  server: OurServer,
  reader: Reader,
  client: string,
  seconds: number,
): Promise<string> {
  const made = JSON.parse(await server.miot(['clients', 'create', '--name', 'device']))
  const { client_id, client_secret, audience, grant_type } = made
  const credentials = { client_id, client_secret, audience, grant_type }
  const measure = async (): Promise<Summary> => {
    const times: number[] = []
    const end = performance.now() + seconds * 1000
    while (performance.now() < end) {
      const started = performance.now()
      const answer = await login(server, credentials)
      await answer.arrayBuffer()
      if (answer.status !== 200) throw new Error(`A login was answered with ${answer.status}`)
      times.push(performance.now() - started)
    }
    return summarize(times)
  }
  const text = (figures: Summary): string => {
    const { p50, p99, max } = rounded(figures)
    return `p50 ${p50}, p99 ${p99}, max ${max} ms`
  }
  const alone = await measure()
  const paths = Object.values(PAGES).flatMap((pathsOf) => pathsOf(client))
  const [beside] = await Promise.all([measure(), openPages(reader, paths, 8, seconds)])
  return `a login alone ${text(alone)}; beside eight people ${text(beside)}`
}

function rounded({ p50, p99, max }: Pick<Summary, 'p50' | 'p99' | 'max'>) {
  const tenths = (ms: number): number => Math.round(ms * 10) / 10
  return { p50: tenths(p50), p99: tenths(p99), max: tenths(max) }
}
