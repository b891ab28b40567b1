/** How SQLite wants to be asked. */

import type { Dialect } from '../queries.ts'

export const SQLITE: Dialect = {
  schema: '',
  parameter: (number) => `?${number}`,
  // A limit that is a parameter alone makes SQLite plan the statement anew for each value, which
  // takes ten times as long as a short page; of an expression it knows nothing beforehand.
  limit: (number) => `LIMIT ?${number} + 0`,
  // It would rather take the index by time alone, and read other assets' rows.
  along: (index) => ` INDEXED BY ${index}`,
  // With both ends it would not begin at the place.
  needsWholePeriod: false,
  // It is read row by row, and left when there is enough.
  bounded: (question) => question,
}
