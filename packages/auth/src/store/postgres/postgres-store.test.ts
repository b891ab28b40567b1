import { after } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { testAuthStore } from '../store.conformance.ts'
import { openPostgresAuthStore } from './postgres-store.ts'

const server = await startPostgres()
after(() => server.stop())

testAuthStore('PostgreSQL', async () => {
  const url = await server.createDatabase()
  const openAnother = () => openPostgresAuthStore(url)
  return { store: await openAnother(), openAnother, destroy: async () => undefined }
})
