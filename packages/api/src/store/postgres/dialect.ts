/** How PostgreSQL wants to be asked. */

import type { Dialect } from '../queries.ts'

export const POSTGRES: Dialect = {
  schema: 'telemetry.',
  parameter: (number) => `$${number}`,
  limit: (number) => `LIMIT $${number}`,
  along: () => '',
  // It finds partitions by the times alone.
  needsWholePeriod: true,
  // It would send all that it was asked for.
  bounded: (question, { columns, long, order, maxLength }) =>
    `SELECT ${columns} FROM (
      SELECT page.*, coalesce(sum(octet_length(${long})) OVER (
        ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM (${question}) AS page
    ) AS page
    WHERE before < ${maxLength} ORDER BY ${order}`,
}
