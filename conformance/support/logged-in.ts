/** The common start of a test file: a server, a connection to it, and a token for the API. */

import { after } from 'node:test'
import { type Connection, openConnection } from './connection.ts'
import { type RunningServer, startServer } from './running-server.ts'
import { accessToken } from './token-requests.ts'

export interface LoggedIn {
  readonly server: RunningServer
  readonly connection: Connection
  /** Of the quick start's client. */
  readonly token: string
}

/** Starts a server, which stops after the tests of the file. */
export async function startLoggedIn(): Promise<LoggedIn> {
  const server = await startServer()
  const connection = openConnection(server.url)
  after(async () => {
    connection.close()
    await server.stop()
  })
  return { server, connection, token: await accessToken(connection, server.credentials) }
}
