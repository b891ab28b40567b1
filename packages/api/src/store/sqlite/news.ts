/**
 * Which tenants have new reports, for the processes that did not store them. A process asks again
 * after each answer, and what is stored in between is answered together.
 */

import type { Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'

/** More are answered as unknown. */
const MAX_TENANTS = 1000

export interface NewsReader {
  /**
   * The tenants since the last call, waiting for some; null when there are too many.
   *
   * @param isFirst answers null at once, since anything may have been stored before.
   * @param signal stops waiting and remembering, until a first call.
   */
  next(isFirst: boolean, signal: AbortSignal): Promise<readonly Tenant[] | null>
  readonly close: () => void
}

export interface News {
  open(): NewsReader
  /** Tells all readers but the one whose process has stored it. */
  tell(tenants: readonly Tenant[], from: NewsReader): void
}

interface State {
  /** Since the last answer; null while nothing is to be remembered. */
  tenants: Map<string, Tenant> | null
  answer: ((tenants: readonly Tenant[] | null) => void) | null
}

export function createNews(): News {
  const readers = new Map<NewsReader, State>()
  let isScheduled = false

  /** Once the outcomes of a transaction that holds batches of several processes are all there. */
  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      for (const state of readers.values()) answerIfAny(state)
    })
  }

  return {
    open() {
      const state: State = { tenants: null, answer: null }
      const reader: NewsReader = {
        next: (isFirst, signal) => next(state, isFirst, signal),
        close: () => void readers.delete(reader),
      }
      readers.set(reader, state)
      return reader
    },
    tell(tenants, from) {
      for (const [reader, state] of readers) {
        if (reader === from || state.tenants === null) continue
        for (const tenant of tenants) {
          if (state.tenants.size <= MAX_TENANTS) state.tenants.set(tenantName(tenant), tenant)
        }
        schedule()
      }
    },
  }
}

async function next(
  state: State,
  isFirst: boolean,
  signal: AbortSignal,
): Promise<readonly Tenant[] | null> {
  if (isFirst) {
    state.tenants = new Map()
    return null
  }
  const answered = new Promise<readonly Tenant[] | null>((resolve) => {
    state.answer = resolve
  })
  signal.addEventListener('abort', () => {
    state.answer?.(null)
    Object.assign(state, { tenants: null, answer: null })
  })
  answerIfAny(state)
  return answered
}

function answerIfAny(state: State): void {
  const { tenants, answer } = state
  if (tenants === null || answer === null || tenants.size === 0) return
  state.tenants = new Map()
  state.answer = null
  answer(tenants.size > MAX_TENANTS ? null : [...tenants.values()])
}
