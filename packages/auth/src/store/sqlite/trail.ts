/**
 * The trail: appended to, read, and cut at its oldest end. Idempotent answers are kept with the
 * entries.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { attempt } from '@modulariot/platform/storage'
import { type AuditDraft, type AuditRow, nextRow } from '../../records/audit-entry.ts'
import type { Client, Tenant } from '../../records/client.ts'
import { idempotencyRowOf, idempotentAnswerOf } from '../idempotency-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { AuditQuery, IdempotentAnswer, TrailReader, TrailStore } from '../ports/trail.ts'
import { auditRowOf } from '../rows.ts'

export interface AuditTable {
  readonly reads: TrailReader
  readonly cutAudit: TrailStore['cutAudit']
  /** Runs inside a transaction. */
  append(draft: AuditDraft): void
  /** An entry about a client, with what a retry is answered with. Runs inside a transaction. */
  appendOfClient(audited: Audited<Client>): void
  /** What a retry under this key is answered with. */
  answerOf(tenant: Tenant, key: string): IdempotentAnswer | null
  forgetAnswers(nowSeconds: number, limit: number): number
}

/** @param write runs its work in a transaction that tells no listener. */
export function auditTable(
  database: DatabaseSync,
  write: <Result>(work: () => Result) => Promise<Result>,
): AuditTable {
  const sql = prepareStatements(database)

  function append(draft: AuditDraft): void {
    const head = sql.head.get() as Pick<AuditRow, 'seq' | 'hash'> | undefined
    const { seq, entry, hash } = nextRow(head ?? null, draft)
    sql.insert.run(seq, entry, hash)
  }

  return {
    append,
    appendOfClient(audited) {
      append(audited.audit)
      const row = idempotencyRowOf(audited)
      if (row === null) return
      const { org_id, environment, key, digest, answer, until, at } = row
      sql.forgetAnswer.run(org_id, environment, key, at)
      sql.insertAnswer.run(org_id, environment, key, digest, answer, until)
    },
    answerOf({ org_id, environment }, key) {
      const row = sql.answer.get(org_id, environment, key)
      return row === undefined ? null : idempotentAnswerOf(row)
    },
    forgetAnswers: (nowSeconds, limit) => Number(sql.forgetAnswers.run(nowSeconds, limit).changes),
    cutAudit: ({ last, checkpoint, audit }) =>
      write(() => {
        if (sql.row.get(last.seq, last.hash) === undefined) return false
        append(audit)
        sql.cut.run(last.seq)
        sql.forgetBase.run()
        sql.insertBase.run(last.seq, checkpoint)
        return true
      }),
    reads: {
      listAudit: (query) => attempt(() => sql.list(query).map(auditRowOf)),
      readAudit: ({ after, limit }) =>
        attempt(() => sql.after.all(after ?? Number.NEGATIVE_INFINITY, limit).map(auditRowOf)),
      readAuditBase: () =>
        attempt(() => (sql.base.get()?.checkpoint as string | undefined) ?? null),
    },
  }
}

function prepareStatements(database: DatabaseSync) {
  const prepare = (text: string) => database.prepare(text)
  return {
    head: prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1'),
    insert: prepare('INSERT INTO audit (seq, entry, hash) VALUES (?, ?, ?)'),
    after: prepare('SELECT seq, entry, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?'),
    row: prepare('SELECT 1 FROM audit WHERE seq = ? AND hash = ?'),
    cut: prepare('DELETE FROM audit WHERE seq <= ?'),
    base: prepare('SELECT checkpoint FROM audit_base'),
    forgetBase: prepare('DELETE FROM audit_base'),
    insertBase: prepare('INSERT INTO audit_base (seq, checkpoint) VALUES (?, ?)'),
    answer: prepare(
      `SELECT digest, answer, until FROM idempotency
       WHERE org_id = ? AND environment = ? AND key = ?`,
    ),
    insertAnswer: prepare(
      `INSERT INTO idempotency (org_id, environment, key, digest, answer, until)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    forgetAnswer: prepare(
      'DELETE FROM idempotency WHERE org_id = ? AND environment = ? AND key = ? AND until <= ?',
    ),
    forgetAnswers: prepare(
      `DELETE FROM idempotency WHERE rowid IN
         (SELECT rowid FROM idempotency WHERE until <= ? ORDER BY until LIMIT ?)`,
    ),
    list: prepareList(database),
  }
}

const FILTERS = ['org_id', 'environment', 'target_id', 'action'] as const

/**
 * A statement for each set of filters, since SQLite uses an index only for what is surely asked.
 */
function prepareList(database: DatabaseSync) {
  const prepared = new Map<string, StatementSync>()
  return ({ before, limit, ...filter }: AuditQuery) => {
    const names = FILTERS.filter((name) => filter[name] !== undefined)
    const conditions = [...names.map((name) => `${name} = :${name}`), 'seq < :before'].join(' AND ')
    const statement =
      prepared.get(conditions) ??
      database.prepare(
        `SELECT seq, entry, hash FROM audit WHERE ${conditions} ORDER BY seq DESC LIMIT :limit`,
      )
    prepared.set(conditions, statement)
    return statement.all({
      before: before ?? Number.MAX_SAFE_INTEGER,
      limit,
      ...Object.fromEntries(names.map((name) => [name, filter[name] ?? null])),
    })
  }
}
