/**
 * However many rows there are, nothing is looked for by going through them, and nothing is sorted.
 */

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { migrate, readMigrations } from '@modulariot/platform/storage'
import { SqliteAppend } from './append.ts'
import { createMaintain } from './maintain.ts'
import { SqliteReads } from './reads.ts'

/** All statements that what `use` makes prepares, and how SQLite will go about each. */
function plansOf(use: (database: DatabaseSync) => unknown): Map<string, string[]> {
  const database = new DatabaseSync(':memory:')
  migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
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

/** Steps that take longer the more rows there are. */
const SLOW = /^SCAN (?!CONSTANT ROW)|TEMP B-TREE|AUTOMATIC/

describe('SQLite: the plan of every statement', () => {
  for (const [name, use, least] of [
    ['that reads', (database: DatabaseSync) => new SqliteReads(database), 18],
    ['that stores', (database: DatabaseSync) => new SqliteAppend(database), 7],
  ] as const) {
    it(`${name} goes along an index`, () => {
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

  it('that removes goes along an index, but for the list of tenants', () => {
    const plans = plansOf(createMaintain)
    assert.ok(plans.size >= 8)
    for (const [text, steps] of plans) {
      const slow = steps.filter((step) => SLOW.test(step))
      const few = slow.every((step) => /^SCAN (tenants|\(subquery-\d+\))/.test(step))
      assert.ok(few, `${text}\n${steps.join('\n')}`)
    }
  })

  it('of a page begins at its place and ends with its period', () => {
    for (const [text, steps] of plansOf((database) => new SqliteReads(database))) {
      if (!/ORDER BY timestamp_ms/.test(text)) continue
      const search = steps.find((step) => /^SEARCH (positions|metrics|e) /.test(step)) ?? ''
      // The place counts with all its numbers: a moment may have any number of rows.
      assert.match(search, /\(timestamp_ms,seq(uence,seq)?(,item)?\)[<>]/, text)
      assert.match(search, /timestamp_ms\S*>.* AND \(?timestamp_ms\S*</, text)
    }
  })
})
