/** Writes a fleet into a server's store, and keeps its secrets. */

import { deriveInstallationKeys, newClient } from '@modulariot/auth'
import { AUDIENCES, type BenchClient } from '../issue/clients.ts'
import { auditOf, openStore } from '../support/fill-clients.ts'
import type { OurServer } from '../support/our-server.ts'
import { print } from '../support/results.ts'

const ENCRYPTION_KEY = Buffer.alloc(32, 7)
/** Of a server whose secrets this program can make. */
export const FLEET_SETTINGS = { MIOT_ENCRYPTION_KEY: ENCRYPTION_KEY.toString('base64url') }

/** Clients written in one transaction. */
const BATCH = 1000

/** Clients of one kind, as a fleet has them: each with one secret, and granted all `AUDIENCES`. */
export async function fillFleet(server: OurServer, count: number): Promise<BenchClient[]> {
  const started = performance.now()
  const store = await openStore(server)
  const made: BenchClient[] = []
  try {
    const [organization] = await store.listOrganizations()
    const tenant = { org_id: organization?.org_id ?? '', environment: 'development' } as const
    const audiences = await store.listAudiences()
    const digestKey = deriveInstallationKeys(ENCRYPTION_KEY).secretDigest
    const grants = Object.values(AUDIENCES).map((audience) => ({ audience }))
    while (made.length < count) {
      const clients = Array.from({ length: Math.min(BATCH, count - made.length) }, (_, index) => {
        const number = made.length + index
        const input = { name: `Truck ${number}`, external_id: `device-${number}`, grants }
        return newClient(input, tenant, audiences, { digestKey, now: Date.now() })
      })
      await store.createClients(
        clients.map(({ client }) => ({ value: client, audit: auditOf(client) })),
      )
      made.push(
        ...clients.map(({ client: { client_id }, client_secret }) => ({
          client_id,
          client_secret,
        })),
      )
    }
  } finally {
    await store.close()
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  print(`${server.store}: ${count} clients after ${seconds} s`)
  return made
}
