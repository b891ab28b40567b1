/**
 * How many charts are drawn at a time. One reads up to millions of values, so two are what this
 * process (and a database that others use, too) can be asked to read.
 */

import { ApiError } from '../errors/api-error.ts'
import { createTenantTurns, type TenantTurns, type TurnLimits } from '../limits/tenant-turns.ts'

export const CHART_LIMITS: TurnLimits = {
  running: 2,
  waiting: 100,
  waitingPerTenant: 20,
  maxWaitMs: 10_000,
}

/** About as long as those before take: within a second hardly a place is free. */
const RETRY_AFTER_SECONDS = 10

export function createCharts(): TenantTurns {
  return createTenantTurns(CHART_LIMITS, tooManyCharts)
}

function tooManyCharts(): ApiError {
  return new ApiError(
    429,
    'Too many charts',
    'Too many summaries in progress; retry when yours have finished',
    RETRY_AFTER_SECONDS,
  )
}
