import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { openSqliteAuthStore } from './sqlite-store.ts'

it('SQLite: each login forgets a few expired assertions, more than it adds', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const path = join(folder.path, 'auth.db')
  const store = openSqliteAuthStore(path)
  using database = new DatabaseSync(path)
  const use = (jti: string, until: number, nowSeconds: number): Promise<boolean> =>
    store.useAssertion({ client_id: 'client', jti, until }, nowSeconds)

  for (let jti = 0; jti < 250; jti++) await use(`${jti}`, 100, 0)
  const left: unknown[] = []
  for (const jti of ['a', 'b', 'c', 'd']) {
    await use(jti, 1000, 500)
    left.push(database.prepare('SELECT count(*) AS n FROM assertions').get()?.n)
  }
  assert.deepEqual(left, [247, 244, 241, 238])
  await store.close()
})
