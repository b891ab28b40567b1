import assert from 'node:assert/strict'
import { mkdtempDisposableSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { migrate, openDatabase, readMigrations } from '@modulariot/platform/storage'
import { clientViewOf } from '../../records/client.ts'
import { OLD_KEY, oldTrail } from '../conformance/old-trail.ts'
import {
  ADMIN,
  clientOf,
  countUp,
  keyOf,
  keysAre,
  newAudience,
  newClient,
  ORGANIZATION,
  populate,
  TRACK,
  trailOf,
} from '../conformance/samples.ts'
import { testAuthStore } from '../conformance/store.conformance.ts'
import type { StoreChange } from '../ports/changes.ts'
import { openSqliteAuthStore } from './sqlite-store.ts'

const prefix = join(tmpdir(), 'miot-')

testAuthStore('SQLite', async () => {
  const folder = mkdtempSync(prefix)
  const openAnother = async () => openSqliteAuthStore(join(folder, 'auth.db'))
  const destroy = async () => rmSync(folder, { recursive: true })
  return { store: await openAnother(), openAnother, destroy }
})

it('SQLite: an updater that finds nothing to do under the lock writes nothing', async () => {
  using folder = mkdtempDisposableSync(prefix)
  const path = join(folder.path, 'auth.db')
  const stores = [openSqliteAuthStore(path), openSqliteAuthStore(path)]
  using database = new DatabaseSync(path)
  await Promise.all(
    stores.map((store) =>
      store.updateSigningKeys((keys) => (keys.length > 0 ? null : keysAre(keyOf('a')))),
    ),
  )
  assert.equal(database.prepare('SELECT value FROM revision').get()?.value, 1)
  for (const store of stores) await store.close()
})

it('SQLite: too many changed clients to name are announced as all', async () => {
  using folder = mkdtempDisposableSync(prefix)
  const path = join(folder.path, 'auth.db')
  const [store, late] = [openSqliteAuthStore(path), openSqliteAuthStore(path)]
  await populate(store)
  const ids = Array.from({ length: 1001 }, (_, index) => `many_${index}`)
  await store.createClients(ids.map((id) => newClient(id)))
  for (const id of ids) await store.updateClient(id, countUp)
  const change = new Promise<StoreChange>((resolve) => late.onChange(resolve))
  assert.equal((await change).clients, 'all')
  for (const one of [store, late]) await one.close()
})

it('SQLite: a database of version 2 keeps its trail, and answers the retries of the last day', async () => {
  using folder = mkdtempDisposableSync(prefix)
  const path = join(folder.path, 'auth.db')
  const old = openDatabase(path)
  migrate(old, readMigrations(new URL('./migrations/', import.meta.url)).slice(0, 2))
  const insert = old.prepare('INSERT INTO audit (seq, entry, hash) VALUES (?, ?, ?)')
  const rows = oldTrail(Date.now())
  for (const { seq, entry, hash } of rows) insert.run(seq, entry, hash)
  old
    .prepare(
      `INSERT INTO audiences (audience, scopes, token_lifetime_seconds, signing_alg)
       VALUES (?, ?, 86400, 'RS256')`,
    )
    .run(TRACK.audience, JSON.stringify(TRACK.scopes))
  old.close()
  const store = openSqliteAuthStore(path)
  assert.deepEqual(await store.listAudiences(), [TRACK])
  const entries = rows.map(({ entry }) => JSON.parse(entry))
  assert.deepEqual(await trailOf(store), entries)
  const tenant = { ...ORGANIZATION, environment: 'development' } as const
  const found = await store.findIdempotent(tenant, OLD_KEY)
  assert.deepEqual(found?.client, clientViewOf(clientOf('first')))
  assert.equal(found?.until, Math.floor(Date.parse(entries[1].at) / 1000) + 86_400)
  assert.equal(await store.findIdempotent(tenant, 'key-of-long-ago'), null)
  await store.createAudience(newAudience(ADMIN))
  assert.equal((await trailOf(store)).length, 3)
  await store.close()
})

it('SQLite: only the owner can read the files', async () => {
  using folder = mkdtempDisposableSync(prefix)
  const store = openSqliteAuthStore(join(folder.path, 'auth.db'))
  await store.createAudience(newAudience())
  const files = readdirSync(folder.path)
  assert.ok(files.length > 1)
  for (const file of files) {
    assert.equal(statSync(join(folder.path, file)).mode & 0o777, 0o600, file)
  }
  await store.close()
})
