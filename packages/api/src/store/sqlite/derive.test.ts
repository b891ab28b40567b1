import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { LENGTH_A_STEP } from '../chunks/derive.ts'
import { LATER_MS } from '../conformance/derived.ts'
import { measured } from '../conformance/samples.ts'
import { SqliteAppend } from './append.ts'
import { createDerive } from './derive.ts'
import { migrateTelemetry } from './migrate.ts'

it('SQLite: a step of moving rows to chunks is short, however long the values are', () => {
  const database = new DatabaseSync(':memory:')
  migrateTelemetry(database)
  const long = 'x'.repeat(LENGTH_A_STEP / 2)
  const seconds = Array.from({ length: 20 }, (_, second) => second)
  new SqliteAppend(database).append(seconds.map((second) => measured(second, long)))
  const left = database.prepare('SELECT count(*) AS count FROM metrics')
  let before = 20
  for (const _ of createDerive(database)(LATER_MS)) {
    const count = left.get()?.count as number
    assert.ok(before - count <= 2, `${before - count} rows in one step`)
    before = count
  }
  assert.equal(before, 1)
  database.close()
})
