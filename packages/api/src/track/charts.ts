/**
 * Charts take turns. One reads up to millions of values, so two at a time are what this process (and a
 * database that others use, too) can be asked to read; the others wait, tenant by tenant, and no further
 * than they can be answered in time. Who has left gives up the place in the queue.
 */

import { ApiError } from '../api-error.ts'
import type { Tenant } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'

export interface Charts {
  /**
   * Reads a chart when its turn has come.
   *
   * @param signal ends the wait: nobody wants it any more.
   * @throws ApiError 429 when too many wait, or too long; the signal's reason; what `read` throws.
   */
  run<Chart>(tenant: Tenant, signal: AbortSignal, read: () => Promise<Chart>): Promise<Chart>
}

export interface ChartLimits {
  readonly running: number
  readonly waiting: number
  readonly waitingPerTenant: number
  readonly maxWaitMs: number
}

export const CHART_LIMITS: ChartLimits = {
  running: 2,
  waiting: 100,
  waitingPerTenant: 20,
  maxWaitMs: 10_000,
}

/** About as long as those before take: within a second hardly a place is free. */
const RETRY_AFTER_SECONDS = 10

/** Lets one that waits begin. */
type Begin = () => void

export function createCharts(limits: ChartLimits = CHART_LIMITS): Charts {
  /** In order of whose turn it is. */
  const waiting = new Map<string, Begin[]>()
  let running = 0

  function beginNext(): void {
    const [next] = waiting
    if (next === undefined || running >= limits.running) return
    const [tenant, [begin, ...others]] = next
    // To the end: one tenant's many are not in the way of another's one.
    waiting.delete(tenant)
    if (others.length > 0) waiting.set(tenant, others)
    running++
    begin?.()
  }

  function leave(tenant: string, begin: Begin): void {
    const others = waiting.get(tenant)?.filter((one) => one !== begin) ?? []
    if (others.length > 0) waiting.set(tenant, others)
    else waiting.delete(tenant)
  }

  function turn(tenant: string, signal: AbortSignal): Promise<void> {
    const ofTenant = waiting.get(tenant) ?? []
    const all = [...waiting.values()].reduce((sum, { length }) => sum + length, 0)
    if (ofTenant.length >= limits.waitingPerTenant || all >= limits.waiting) throw tooMany()
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
      const giveUp = (reason: unknown): void => {
        settle()
        leave(tenant, begin)
        reject(reason)
      }
      const onAbort = (): void => giveUp(signal.reason)
      const begin: Begin = () => {
        settle()
        resolve()
      }
      const timer = setTimeout(() => giveUp(tooMany()), limits.maxWaitMs)
      signal.addEventListener('abort', onAbort)
      waiting.set(tenant, [...ofTenant, begin])
      beginNext()
    })
  }

  return {
    async run(tenant, signal, read) {
      signal.throwIfAborted()
      await turn(tenantName(tenant), signal)
      try {
        return await read()
      } finally {
        running--
        beginNext()
      }
    },
  }
}

function tooMany(): ApiError {
  return new ApiError(
    429,
    'Too many charts',
    'Many summaries are being read; ask again when yours have come',
    RETRY_AFTER_SECONDS,
  )
}
