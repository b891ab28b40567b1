/**
 * Limits how many charts are computed at a time. One chart reads up to millions of values, so two
 * at once are what this process, and a shared database, can afford. Of several processes each
 * computes one: turns of tenants are kept in each, so no process may depend on another's charts.
 */

import { ApiError } from '../errors/api-error.ts'
import { createTenantTurns, type TenantTurns, type TurnLimits } from '../limits/tenant-turns.ts'

export const CHART_LIMITS: TurnLimits = {
  running: 2,
  waiting: 100,
  waitingPerTenant: 20,
  maxWaitMs: 10_000,
}

/** About the time until a slot is free again. */
const RETRY_AFTER_SECONDS = 10

/** @param processes of this server. */
export function createCharts(processes = 1): TenantTurns {
  const running = Math.ceil(CHART_LIMITS.running / processes)
  return createTenantTurns({ ...CHART_LIMITS, running }, tooManyCharts)
}

function tooManyCharts(): ApiError {
  return new ApiError(
    429,
    'Too many charts',
    'Too many summaries in progress; retry when yours have finished',
    RETRY_AFTER_SECONDS,
  )
}
