/** No statement scans or sorts a table, so their cost does not grow with the number of rows. */

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { SqliteAppend } from './append.ts'
import { createMaintain } from './maintain.ts'
import { migrateTelemetry } from './migrate.ts'
import { SqliteReads } from './reads.ts'

/** The statements that `use` prepares, each with its query plan. */
function plansOf(use: (database: DatabaseSync) => unknown): Map<string, string[]> {
  const database = new DatabaseSync(':memory:')
  migrateTelemetry(database)
  const prepare = database.prepare.bind(database)
  const texts: string[] = []
  database.prepare = (text) => {
    texts.push(text)
    return prepare(text)
  }
  use(database)
  const plans = texts.map((text) => {
    const steps = prepare(`EXPLAIN QUERY PLAN ${text}`).all()
    return [text, steps.map(({ detail }) => String(detail))] as const
  })
  database.close()
  return new Map(plans)
}

/** Steps whose cost grows with the number of rows. A part is a subquery with a limit. */
const SLOW = /^SCAN (?!CONSTANT ROW|part)|TEMP B-TREE|AUTOMATIC/

describe('SQLite: the plan of every statement', () => {
  for (const [name, use, least] of [
    ['that reads', (database: DatabaseSync) => new SqliteReads(database), 18],
    ['that stores', (database: DatabaseSync) => new SqliteAppend(database), 7],
  ] as const) {
    it(`${name} follows an index`, () => {
      const plans = plansOf(use)
      assert.ok(plans.size >= least, `${plans.size} statements`)
      for (const [text, steps] of plans) {
        assert.deepEqual(
          steps.filter((step) => SLOW.test(step)),
          [],
          `${text}\n${steps.join('\n')}`,
        )
      }
    })
  }

  it('that deletes follows an index, except for the list of tenants', () => {
    const plans = plansOf(createMaintain)
    assert.ok(plans.size >= 8)
    for (const [text, steps] of plans) {
      const slow = steps.filter((step) => SLOW.test(step))
      const few = slow.every((step) => /^SCAN (tenants|\(subquery-\d+\))/.test(step))
      assert.ok(few, `${text}\n${steps.join('\n')}`)
    }
  })

  it('of a page starts at its row key and ends with its period', () => {
    for (const [text, steps] of plansOf((database) => new SqliteReads(database))) {
      if (!/ORDER BY timestamp_ms/.test(text)) continue
      const search =
        steps.find((step) => /^SEARCH (positions|metrics|series_chunks|e) /.test(step)) ?? ''
      // All columns of the row key are used, since one time may have any number of rows.
      assert.match(search, /\(timestamp_ms,seq(uence,seq)?(,item)?\)[<>]/, text)
      assert.match(search, /timestamp_ms\S*>.* AND \(?timestamp_ms\S*</, text)
    }
  })
})
