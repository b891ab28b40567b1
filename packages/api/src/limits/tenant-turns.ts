/**
 * Limits how many expensive requests run at once. The others wait, with turns for each tenant and
 * for a bounded time. A request whose client disconnects leaves the queue.
 */

import { FairQueue } from '@modulariot/platform/fair-queue'
import type { Tenant } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'

export interface TenantTurns {
  /**
   * Runs `work` on its turn.
   *
   * @param signal ends the wait, when the client disconnects. Null: the wait cannot be cancelled.
   * @throws the error of `tooMany` when the queue is full or the wait too long; the signal's
   *   reason; what `work` throws.
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

/** @param tooMany creates the refusal. */
export function createTenantTurns(limits: TurnLimits, tooMany: () => Error): TenantTurns {
  /** Each function starts one waiting request. */
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
