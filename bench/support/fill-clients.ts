/** Many clients in a server's store, most of them used. */

import { join } from 'node:path'
import { type AuthStore, type Client, newClient, openSqliteAuthStore } from '@modulariot/auth'
import { openPostgresAuthStore } from '@modulariot/auth/postgres'
import type { OurServer } from './our-server.ts'
import { print } from './results.ts'

const AUDIENCE = 'https://iot.streamhub.cl/v1/asset/track'
/** One client in this many is rare: tagged, disabled, never used. */
const RARE = 1000
/** Clients written in one transaction. */
const BATCH = 1000

export function login(server: OurServer, credentials: Readonly<Record<string, string>>) {
  return fetch(`${server.issuer}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(credentials),
  })
}

/** Writes clients as the admin API would create them, through the store. */
export async function fillClients(server: OurServer, org_id: string, count: number): Promise<void> {
  const started = performance.now()
  const store = await openStore(server)
  try {
    const audiences = await store.listAudiences()
    for (let first = 0; first < count; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, count - first) }, (_, at) => first + at)
      const clients = numbers.map((number) => clientOf(number, org_id, audiences))
      await store.createClients(clients.map((value) => ({ value, audit: auditOf(value) })))
      const used = clients.filter((_, at) => (numbers[at] as number) % RARE !== 1)
      await store.addUsage({
        clients: used.map(({ client_id }) => ({
          ...{ client_id, tokens_issued: 1, tokens_early: 0, over_quota: 0, living: [] },
          last_issued_at: '2026-11-01T00:00:00.000Z',
        })),
        secrets: used.flatMap(({ client_id, secrets }) =>
          secrets.map(({ secret_id }) => ({
            ...{ client_id, secret_id, uses: 1, address: '192.0.2.1', user_agent: 'fill' },
            last_used_at: '2026-11-01T00:00:00.000Z',
          })),
        ),
      })
    }
  } finally {
    await store.close()
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  print(`${server.store}: ${count} clients after ${seconds} s`)
}

/** The server's own store, beside it. */
export function openStore({ folder, databaseUrl }: OurServer): AuthStore | Promise<AuthStore> {
  if (databaseUrl === null) return openSqliteAuthStore(join(folder, 'auth.db'))
  return openPostgresAuthStore(databaseUrl)
}

type Audiences = Awaited<ReturnType<AuthStore['listAudiences']>>

function clientOf(number: number, org_id: string, audiences: Audiences) {
  const rare = number % RARE === 1
  const input = {
    name: number % 7 === 0 ? `Ñandú ${number}` : `Truck ${number}`,
    external_id: `device-${number}`,
    tags: ['fleet', `region-${number % 20}`, ...(rare ? ['rare'] : [])],
    grants: [{ audience: AUDIENCE }],
  }
  const tenant = { org_id, environment: 'development' } as const
  const deps = { digestKey: DIGEST_KEY, now: Date.parse('2025-06-01') }
  const { client } = newClient(input, tenant, audiences, deps)
  return { ...client, status: rare ? 'disabled' : 'active' } as const
}

const DIGEST_KEY = Buffer.alloc(32)

export function auditOf({
  client_id,
  org_id,
  environment,
}: Pick<Client, 'client_id' | 'org_id' | 'environment'>) {
  const actor = { kind: 'operator', name: 'bench' } as const
  const target = { type: 'client', id: client_id } as const
  const none = { address: null, request_id: null, idempotency: null, before: null, after: null }
  const at = '2025-06-01T00:00:00.000Z'
  return { at, action: 'client.created', actor, target, org_id, environment, ...none } as const
}
