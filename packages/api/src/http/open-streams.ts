/**
 * Tracks the open streams: limits their number, ends them when their token is revoked, and ends all
 * of them at shutdown.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { ApiError } from '../errors/api-error.ts'
import { tenantName } from '../store/tenant-name.ts'

/** Why the server ended a stream. */
export type EndReason = 'token' | 'shutdown' | 'slow'

export interface OpenStream {
  readonly signal: AbortSignal
  /**
   * Ends the stream and frees its slot at once, since a stalled reader may never take the last
   * event.
   */
  end(reason: EndReason): void
  /** Frees the slot after the reader disconnected. */
  close(): void
}

export interface StreamLimits {
  readonly max: number
  readonly maxPerTenant: number
  readonly maxPerClient: number
}

/**
 * A tenant can use a tenth of all, and a client a fifth of its tenant's. That is enough for each
 * screen of a control room, and a leaking client cannot lock out the others.
 */
export const STREAM_LIMITS: StreamLimits = { max: 1000, maxPerTenant: 100, maxPerClient: 20 }

/** Even with the 200 ms that a revocation takes to arrive, a stream ends well within a second. */
const CHECK_INTERVAL_MS = 250

type Reader = Pick<AccessTokenClaims, 'org_id' | 'environment' | 'client_id'>

interface Entry {
  readonly tenant: string
  readonly client_id: string
  readonly isTokenValid: () => Promise<boolean>
  /** True while a check is running; a stream has one at a time. */
  checking: boolean
}

export class OpenStreams {
  readonly #limits: StreamLimits
  readonly #open = new Map<AbortController, Entry>()
  #checks: NodeJS.Timeout | null = null
  #ended = false

  constructor(limits: StreamLimits = STREAM_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * @param isTokenValid called four times a second, so it should be a lookup.
   * @throws ApiError 429 when a limit is reached.
   */
  open({ client_id, ...by }: Reader, isTokenValid: () => Promise<boolean>): OpenStream {
    const tenant = tenantName(by)
    this.#assertRoom(tenant, client_id)
    const controller = new AbortController()
    this.#open.set(controller, { tenant, client_id, isTokenValid, checking: false })
    if (this.#ended) this.#end(controller, 'shutdown')
    else this.#checks ??= setInterval(() => this.#checkAll(), CHECK_INTERVAL_MS).unref()
    return {
      signal: controller.signal,
      end: (reason) => this.#end(controller, reason),
      close: () => this.#end(controller),
    }
  }

  /** Ends all streams; those opened later end at once. */
  endAll(): void {
    this.#ended = true
    for (const controller of [...this.#open.keys()]) this.#end(controller, 'shutdown')
  }

  #assertRoom(tenant: string, client_id: string): void {
    const { max, maxPerTenant, maxPerClient } = this.#limits
    const ofTenant = [...this.#open.values()].filter((entry) => entry.tenant === tenant)
    const ofClient = ofTenant.filter((entry) => entry.client_id === client_id)
    const full =
      this.size >= max || ofTenant.length >= maxPerTenant || ofClient.length >= maxPerClient
    if (full) throw new ApiError(429, 'Too many streams', 'Close a stream before opening another')
  }

  /**
   * Checks run independently, so that a slow one (keys being fetched) does not delay the others.
   */
  #checkAll(): void {
    for (const [controller, entry] of this.#open) {
      if (entry.checking) continue
      entry.checking = true
      void entry.isTokenValid().then((good) => {
        entry.checking = false
        if (!good) this.#end(controller, 'token')
      })
    }
  }

  #end(controller: AbortController, reason?: EndReason): void {
    this.#open.delete(controller)
    controller.abort(reason)
    if (this.#open.size > 0 || this.#checks === null) return
    clearInterval(this.#checks)
    this.#checks = null
  }
}
