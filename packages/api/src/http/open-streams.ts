/** The streams that are open: how many there may be, and how they end when the server does. */

import { ApiError } from '../api-error.ts'
import type { Tenant } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'

/** Why a stream ends before its reader leaves. */
export type EndReason = 'token' | 'shutdown' | 'slow'

export interface OpenStream {
  readonly signal: AbortSignal
  /** Gives the place back, too: the reader may never take the end. */
  end(reason: EndReason): void
  /** Nobody reads it any more. */
  close(): void
}

export interface StreamLimits {
  readonly max: number
  readonly maxPerTenant: number
}

export const STREAM_LIMITS: StreamLimits = { max: 1000, maxPerTenant: 100 }

export class OpenStreams {
  readonly #limits: StreamLimits
  readonly #open = new Map<AbortController, string>()
  #ended = false

  constructor(limits: StreamLimits = STREAM_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#open.size
  }

  /** @throws ApiError 429 when there are as many as there may be. */
  open(by: Tenant): OpenStream {
    const tenant = tenantName(by)
    const ofTenant = [...this.#open.values()].filter((name) => name === tenant).length
    if (this.size >= this.#limits.max || ofTenant >= this.#limits.maxPerTenant) {
      throw new ApiError(429, 'Too many streams', 'Close a stream before you open another')
    }
    const controller = new AbortController()
    this.#open.set(controller, tenant)
    if (this.#ended) this.#end(controller, 'shutdown')
    return {
      signal: controller.signal,
      end: (reason) => this.#end(controller, reason),
      close: () => this.#end(controller),
    }
  }

  /** Those that are opened later end at once. */
  endAll(): void {
    this.#ended = true
    for (const controller of [...this.#open.keys()]) this.#end(controller, 'shutdown')
  }

  #end(controller: AbortController, reason?: EndReason): void {
    this.#open.delete(controller)
    controller.abort(reason)
  }
}
