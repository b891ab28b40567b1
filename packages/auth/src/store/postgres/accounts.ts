/** The statements of better-auth in PostgreSQL. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { AccountStatements } from '../ports/accounts.ts'
import { withoutNulIn } from '../without-nul.ts'

export function accountStatements(postgres: Postgres): AccountStatements {
  return {
    accounts: {
      dialect: 'postgres',
      run: (sql, parameters) => postgres.query(sql, parameters.map(withoutNulIn)),
    },
  }
}
