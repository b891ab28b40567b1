import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { newClient, newOrganization } from '../conformance/samples.ts'
import type { ClientQuery } from '../ports/clients.ts'
import type { AuthStore } from '../store.ts'
import { openSqliteAuthStore } from './sqlite-store.ts'

/** More than one page scans, so that a search needs several. */
const CLIENTS = 2500

let store: AuthStore
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'miot-search-'))
  store = openSqliteAuthStore(join(folder, 'auth.db'))
  await store.createFirst(newOrganization(), newClient('first'))
  const ids = Array.from({ length: CLIENTS }, (_, index) => `c${String(index).padStart(5, '0')}`)
  await store.createClients(
    ids.map((id) => newClient(id, id.endsWith('02400') ? { tags: ['rare'] } : {})),
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
    assert.deepEqual(pages.flat(), ['c02400'])
    assert.deepEqual((await everyPage({ tag: 'nowhere', limit: 50 })).flat(), [])
  })

  it('returns each client exactly once', async () => {
    for (const limit of [400, 999, 1000, 1001]) {
      const ids = (await everyPage({ status: 'active', limit })).flat()
      assert.equal(ids.length, CLIENTS + 1)
      assert.equal(new Set(ids).size, ids.length)
    }
  })
})
