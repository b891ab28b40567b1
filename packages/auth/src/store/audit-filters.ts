/** The columns that a query of the trail may narrow by. */

import type { AuditQuery } from './ports/trail.ts'

const FILTERS = ['org_id', 'environment', 'target_id', 'action'] as const

export interface AuditFilter {
  readonly name: (typeof FILTERS)[number]
  readonly value: string
}

/** The condition for entries of no environment; none when the query has no such condition. */
export function auditNullsOf({ environment }: AuditQuery): string[] {
  return environment === null ? ['environment IS NULL'] : []
}

/** Those that the query uses. */
export function auditFiltersOf(query: AuditQuery): AuditFilter[] {
  return FILTERS.flatMap((name) => {
    const value = query[name]
    return value === undefined || value === null ? [] : [{ name, value }]
  })
}
