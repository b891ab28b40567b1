import { after } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { NOW_MS } from '../conformance/samples.ts'
import { testTelemetryStore } from '../store.conformance.ts'
import { openPostgresTelemetryStore } from './postgres-store.ts'

const server = await startPostgres()
after(() => server.stop())

const DAY_MS = 86_400_000

/** What the samples name is in weeks of their own, or all of it before the first one. */
for (const [name, firstMs] of [
  ['PostgreSQL', NOW_MS - 500 * DAY_MS],
  ['PostgreSQL, old data', NOW_MS + 500 * DAY_MS],
] as const) {
  testTelemetryStore(name, async () => {
    const url = await server.createDatabase()
    const openAnother = () => openPostgresTelemetryStore(url, () => firstMs)
    return { store: await openAnother(), openAnother, destroy: async () => undefined }
  })
}
