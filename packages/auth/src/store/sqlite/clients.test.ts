import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { newClient, newOrganization } from '../conformance/samples.ts'
import type { ClientQuery } from '../ports/clients.ts'
import type { AuthStore } from '../store.ts'
import { openSqliteAuthStore } from './sqlite-store.ts'

/** More than one page looks at, so that a search needs several. */
const CLIENTS = 12_000

let store: AuthStore
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'miot-search-'))
  store = openSqliteAuthStore(join(folder, 'auth.db'))
  await store.createFirst(newOrganization(), newClient('first'))
  const ids = Array.from({ length: CLIENTS }, (_, index) => `c${String(index).padStart(5, '0')}`)
  await store.createClients(
    ids.map((id) => newClient(id, id === 'c11900' ? { tags: ['rare'], name: 'Ölwagen' } : {})),
  )
})
after(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function everyPage(query: Omit<ClientQuery, 'after'>) {
  const pages: string[][] = []
  let place: string | null = null
  do {
    const page: Awaited<ReturnType<AuthStore['listClients']>> = await store.listClients({
      ...query,
      after: place,
    })
    pages.push(page.clients.map(({ client_id }) => client_id))
    place = page.next
  } while (place !== null)
  return pages
}

describe('a search among many clients', () => {
  it('reads a bounded number at a time, and finds a distant match over several pages', async () => {
    const pages = await everyPage({ tag: 'rare', limit: 50 })
    assert.ok(pages.length > 1)
    assert.deepEqual(pages.flat(), ['c11900'])
    assert.deepEqual((await everyPage({ tag: 'nowhere', limit: 50 })).flat(), [])
  })

  it('finds a client without a search text by its document', async () => {
    const database = new DatabaseSync(join(folder, 'auth.db'))
    database.exec('UPDATE clients SET search_text = NULL')
    database.close()
    const pages = await everyPage({ search: 'öLW', limit: 50 })
    assert.ok(pages.length > CLIENTS / 1000, 'it reads a thousand documents a page')
    assert.deepEqual(pages.flat(), ['c11900'])
  })

  it('returns each client exactly once', async () => {
    for (const limit of [400, 999, 1000, 1001]) {
      const ids = (await everyPage({ status: 'active', limit })).flat()
      assert.equal(ids.length, CLIENTS + 1)
      assert.equal(new Set(ids).size, ids.length)
    }
  })
})
