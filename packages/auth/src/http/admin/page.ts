/** Pages of lists in the admin API: their size, and the opaque cursors between them. */

import { invalidInput } from '../../errors/admin-error.ts'
import type { AnyRequest } from './call.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 500

/** The query parameters of a page, described for OpenAPI. */
export const PAGE_PARAMETERS = {
  limit: `Page size, 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} by default.`,
  cursor: 'next_cursor of the previous page.',
} as const

export interface RequestedPage {
  readonly limit: number
  readonly cursor: string | null
}

/** @throws AdminError for a `limit` or `cursor` that is not one of ours. */
export function requestedPage({ query }: AnyRequest): RequestedPage {
  const { limit, cursor } = query
  const count = limit === undefined ? DEFAULT_LIMIT : parseLimit(limit)
  if (!Number.isInteger(count) || count < 1 || count > MAX_LIMIT) {
    throw invalidInput(`limit must be a whole number from 1 to ${MAX_LIMIT}`)
  }
  if (cursor === undefined) return { limit: count, cursor: null }
  if (typeof cursor !== 'string' || !/^[A-Za-z0-9_-]{1,500}$/.test(cursor)) {
    throw invalidInput('cursor must be the next_cursor of the previous page, unchanged')
  }
  return { limit: count, cursor: Buffer.from(cursor, 'base64url').toString() }
}

function parseLimit(text: unknown): number {
  return typeof text === 'string' && /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
}

/** The `next_cursor` of a page; null on the last. */
export function nextCursor(position: string | null): string | null {
  return position === null ? null : Buffer.from(position).toString('base64url')
}
