/** The columns that a query of the trail may narrow by. */

import type { AuditQuery } from './ports/trail.ts'

const FILTERS = ['org_id', 'environment', 'target_id', 'action'] as const

export interface AuditFilter {
  readonly name: (typeof FILTERS)[number]
  readonly value: string
}

/** Those that the query uses. */
export function auditFiltersOf(query: AuditQuery): AuditFilter[] {
  return FILTERS.flatMap((name) => {
    const value = query[name]
    return value === undefined ? [] : [{ name, value }]
  })
}
