/** The SQL dialect of SQLite. */

import type { Dialect } from '../queries.ts'

export const SQLITE: Dialect = {
  schema: '',
  parameter: (number) => `?${number}`,
  // With a bare parameter as the limit, SQLite plans the statement again for each value, which
  // takes ten times as long as a short page. It does not for an expression.
  limit: (number) => `LIMIT ?${number} + 0`,
  // Otherwise SQLite prefers the index by time, and reads the rows of other assets too.
  useIndex: (index) => ` INDEXED BY ${index}`,
  // With both ends of the period, SQLite would not start at the row key.
  needsWholePeriod: false,
  // Rows are read one by one, until there are enough.
  bounded: (query) => query,
}
