/** The statements of better-auth in SQLite. */

import type { SQLInputValue } from 'node:sqlite'
import { attempt } from '@modulariot/platform/storage'
import type { AccountStatements } from '../ports/accounts.ts'
import { withoutNulIn } from '../without-nul.ts'
import type { Sqlite } from './connection.ts'

export function accountStatements({ prepare }: Sqlite): AccountStatements {
  return {
    accounts: {
      dialect: 'sqlite',
      run: (sql, parameters) =>
        attempt(() => {
          // Prepared anew: the texts are not constants, so keeping them would grow without bound.
          const statement = prepare(sql)
          const values = parameters.map(withoutNulIn) as SQLInputValue[]
          if (statement.columns().length > 0) {
            const rows = statement.all(...values)
            return { rows, count: rows.length }
          }
          return { rows: [], count: Number(statement.run(...values).changes) }
        }),
    },
  }
}
