/** The server of a browser test: on SQLite, or with `CONSOLE_STORE=postgres` on PostgreSQL. */

import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type RunningServer, startServer } from '../../../conformance/support/running-server.ts'

const ON_POSTGRES = process.env.CONSOLE_STORE === 'postgres'

/** `stop` also stops the database. */
export async function startConsole(
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  if (!ON_POSTGRES) return startServer(settings)
  const postgres = await startPostgres()
  try {
    const url = await postgres.createDatabase()
    const server = await startServer({ MIOT_DATABASE_URL: url, ...settings })
    const stop = async (): Promise<void> => {
      await server.stop()
      await postgres.stop()
    }
    return { ...server, stop }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}
