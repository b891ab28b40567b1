import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { StoreUnavailable } from './errors.ts'
import { groupCommit } from './group-commit.ts'

function open() {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE rows (n INTEGER PRIMARY KEY) STRICT')
  const insert = database.prepare('INSERT INTO rows VALUES (?) ON CONFLICT DO NOTHING')
  const commits = { count: 0 }
  const { exec } = database
  database.exec = function (sql) {
    if (sql === 'COMMIT') commits.count++
    return exec.call(this, sql)
  }
  const rows = (): unknown[] =>
    database
      .prepare('SELECT n FROM rows')
      .all()
      .map(({ n }) => n)
  const together = groupCommit(database)
  return {
    database,
    commits,
    rows,
    add: (n: number) => together(() => insert.run(n).changes),
    together,
  }
}

describe('groupCommit', () => {
  it('commits writes that arrive together in one transaction, each with its own result', async () => {
    const { add, commits, rows } = open()
    assert.deepEqual(await Promise.all([add(1), add(2), add(1)]), [1, 1, 0])
    assert.equal(commits.count, 1)
    assert.deepEqual(rows(), [1, 2])
  })

  it('writes any number in bounded transactions', async () => {
    const { add, commits, rows } = open()
    await Promise.all(Array.from({ length: 1000 }, (_, n) => add(n)))
    assert.equal(rows().length, 1000)
    assert.equal(commits.count, 4)
  })

  it('keeps nothing of a group whose transaction fails, and all of the next', async () => {
    const { add, rows, together } = open()
    const full = Object.assign(new Error('database or disk is full'), { errcode: 13 })
    const failing = together(() => {
      throw full
    })
    const outcomes = await Promise.allSettled([add(1), failing, add(2)])
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StoreUnavailable)
    }
    assert.deepEqual(rows(), [])
    await add(3)
    assert.deepEqual(rows(), [3])
  })
})
