/**
 * How values of PostgreSQL become ours, on our connections only: `pg`'s own table is one for the
 * process.
 */

import pg from 'pg'

const BIGINT = 20

export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === BIGINT && format !== 'binary'
      ? safeInteger
      : (pg.types.getTypeParser(type, format as 'text') as (text: string | Buffer) => unknown),
}

/**
 * A sequence or a count of ours never gets there; silently rounding one would be worse than to
 * stop.
 */
function safeInteger(text: string | Buffer): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`)
  return value
}
