/** Several servers that are the processes of one: what one has counted, all have. */

import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { localPeers } from '@modulariot/platform/peers'
import { openSqliteAuthStore } from './store/sqlite/sqlite-store.ts'
import type { AuthStore } from './store/store.ts'
import { PASSWORD, type PeopleServer, startPeople } from './testing/people-server.ts'

const PROCESSES = 3
/** Nothing comes back, however long the test takes. */
const NOW = Date.now()

let folder: Awaited<ReturnType<typeof mkdtempDisposable>>
let stores: AuthStore[]
let servers: PeopleServer[]

before(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'miot-'))
  stores = []
  servers = []
  for (const peers of localPeers(PROCESSES)) {
    const store = openSqliteAuthStore(join(folder.path, 'auth.db'))
    stores.push(store)
    servers.push(await startPeople(store, { peers, now: () => NOW }))
  }
})
after(async () => {
  for (const server of servers) await server.close()
  for (const store of stores) await store.close()
  await folder.remove()
})

/** The status of each attempt, made at one server after the other. */
async function spread(times: number, attempt: (server: PeopleServer) => Promise<number>) {
  const statuses: number[] = []
  for (let made = 0; made < times; made++) {
    statuses.push(await attempt(servers[made % PROCESSES] as PeopleServer))
  }
  return statuses
}

const countOf = (statuses: readonly number[], status: number): number =>
  statuses.filter((one) => one === status).length

describe('servers that are the processes of one', () => {
  it('together allow a guesser of secrets what one would, and no more elsewhere', async () => {
    const login = (remoteAddress: string) => async (server: PeopleServer) => {
      const answer = await server.http.inject({
        ...{ method: 'POST', url: '/oauth2/token', remoteAddress },
        payload: {
          grant_type: 'client_credentials',
          client_id: 'client_guessed',
          client_secret: 'wrong',
        },
      })
      return answer.statusCode
    }
    const statuses = await spread(90, login('192.0.2.66'))
    assert.deepEqual([countOf(statuses, 401), countOf(statuses, 429)], [60, 30])
    assert.deepEqual(await spread(3, login('192.0.2.67')), [401, 401, 401])
  })

  it('together allow a guesser of passwords what one would', async () => {
    await servers[0]?.signedUp('ana@example.com')
    const signIn = (password: string, address?: string) => async (server: PeopleServer) => {
      const entered = { email: 'ana@example.com', password }
      return (await server.browser(address).post('/sign-in', entered)).status
    }
    const statuses = await spread(14, signIn('wrong', '192.0.2.66'))
    assert.deepEqual([countOf(statuses, 401), countOf(statuses, 429)], [10, 4])
    assert.deepEqual(await spread(3, signIn(PASSWORD, '192.0.2.67')), [200, 200, 200])
  })
})
