import { after } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { testTelemetryStore } from '../store.conformance.ts'
import { openPostgresTelemetryStore } from './postgres-store.ts'

const server = await startPostgres()
after(() => server.stop())

testTelemetryStore('PostgreSQL', async () => {
  const url = await server.createDatabase()
  const openAnother = () => openPostgresTelemetryStore(url)
  return { store: await openAnother(), openAnother, destroy: async () => undefined }
})
