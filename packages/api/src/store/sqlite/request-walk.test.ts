import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { createMaintain } from './maintain.ts'
import { migrateTelemetry } from './migrate.ts'
import { createRequestWalk } from './request-walk.ts'

function openFilled(rows: number): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  migrateTelemetry(database)
  database.exec(`INSERT INTO tenants VALUES (1, 'org_1', 'production', 1, 0)`)
  fill(database, 1, rows)
  return database
}

/** Requests of two assets and days in turn, among them the first and the last possible hash. */
function fill(database: DatabaseSync, tenant: number, rows: number): void {
  database.exec(`WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < ${rows})
    INSERT INTO requests SELECT ${tenant},
      CASE n WHEN 1 THEN zeroblob(16) WHEN 2 THEN unhex('${'ff'.repeat(16)}') ELSE randomblob(16) END,
      n % 2, x'00', 100 + n % 2 FROM up`)
}

const countOf = (database: DatabaseSync, tenant = 1): unknown =>
  database.prepare('SELECT count(*) AS n FROM requests WHERE tenant = ?').get(tenant)?.n

describe('a walk over requests', () => {
  for (const rows of [1, 2, 999, 1000, 1001, 2000, 2500]) {
    it(`deletes those it looks for, and no others, of ${rows}`, () => {
      using database = openFilled(rows)
      fill(database, 2, 10)
      const removed = [...createRequestWalk(database, 'asset = ?6')(1, 1)]
      const odd = Math.ceil(rows / 2)
      assert.equal(
        removed.reduce((sum, count) => sum + count, 0),
        odd,
      )
      assert.equal(countOf(database), rows - odd)
      assert.equal(countOf(database, 2), 10)
    })
  }

  it('deletes expired ones once a day', () => {
    using database = openFilled(2500)
    const maintain = createMaintain(database)
    const finish = (day: number): void => {
      while (!maintain(day * 86_400_000 + 3_600_000, 1).done);
    }
    finish(101)
    assert.equal(countOf(database), 2500, 'the first day is retained')
    finish(102)
    assert.equal(countOf(database), 1250)
    database.exec('UPDATE requests SET received = 100')
    finish(102.5)
    assert.equal(countOf(database), 1250)
    finish(103)
    assert.equal(countOf(database), 0)
  })
})
