/**
 * What costs much takes turns: so many run at a time, the others wait, tenant by tenant, and no
 * longer than they can be answered in time. A request whose client has left gives up its place.
 */

import { FairQueue } from '@modulariot/platform/fair-queue'
import type { Tenant } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'

export interface TenantTurns {
  /**
   * Runs `work` when its turn has come.
   *
   * @param signal ends the wait: the answer has no reader any more. Null: it waits in any case.
   * @throws what `tooMany` makes when too many wait, or too long; the signal's reason; what `work`
   *   throws.
   */
  run<Result>(
    tenant: Tenant,
    signal: AbortSignal | null,
    work: () => Promise<Result>,
  ): Promise<Result>
}

export interface TurnLimits {
  readonly running: number
  readonly waiting: number
  readonly waitingPerTenant: number
  readonly maxWaitMs: number
}

/** @param tooMany makes the refusal. */
export function createTenantTurns(limits: TurnLimits, tooMany: () => Error): TenantTurns {
  /** Each lets one that waits begin. */
  const waiting = new FairQueue<() => void>()
  let running = 0

  function beginNext(): void {
    if (running >= limits.running || waiting.size === 0) return
    running++
    waiting.take()?.()
  }

  function turn(name: string, signal: AbortSignal | null): Promise<void> {
    const full = waiting.size >= limits.waiting || waiting.sizeOf(name) >= limits.waitingPerTenant
    if (full) throw tooMany()
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const giveUp = (reason: unknown): void => {
        settle()
        waiting.remove(name, begin)
        reject(reason)
      }
      const onAbort = (): void => giveUp(signal?.reason)
      const begin = (): void => {
        settle()
        resolve()
      }
      const timer = setTimeout(() => giveUp(tooMany()), limits.maxWaitMs)
      signal?.addEventListener('abort', onAbort)
      waiting.add(name, begin)
      beginNext()
    })
  }

  return {
    async run(tenant, signal, work) {
      signal?.throwIfAborted()
      await turn(tenantName(tenant), signal)
      try {
        return await work()
      } finally {
        running--
        beginNext()
      }
    },
  }
}
