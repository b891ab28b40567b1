/** The SQL dialect of PostgreSQL. */

import type { Dialect } from '../queries.ts'

export const POSTGRES: Dialect = {
  schema: 'telemetry.',
  parameter: (number) => `$${number}`,
  limit: (number) => `LIMIT $${number}`,
  useIndex: () => '',
  // PostgreSQL prunes partitions by the times only.
  needsWholePeriod: true,
  // The driver receives all rows of a result, so the query itself has to stop.
  bounded: (query, { columns, long, order, maxLength }) =>
    `SELECT ${columns} FROM (
      SELECT page.*, coalesce(sum(octet_length(${long})) OVER (
        ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM (${query}) AS page
    ) AS page
    WHERE before < ${maxLength} ORDER BY ${order}`,
}
