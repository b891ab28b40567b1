/**
 * How PostgreSQL's values become JavaScript's, on our connections only: `pg`'s own table is global
 * to the process.
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
 * No sequence or count of ours gets this large; silently rounding one would be worse than failing.
 */
function safeInteger(text: string | Buffer): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`)
  return value
}
