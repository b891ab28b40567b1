/**
 * Tracks the open streams: limits their number in all processes of a server together, ends those of
 * this process when their token is revoked, and all of them at shutdown.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { noPeers, type Peers, SharedCounts } from '@modulariot/platform/peers'
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
  /** What the stream is counted for. */
  readonly keys: readonly string[]
  readonly isTokenValid: () => Promise<boolean>
  /** True while a check is running; a stream has one at a time. */
  checking: boolean
}

export class OpenStreams {
  readonly #limits: StreamLimits
  readonly #open = new Map<AbortController, Entry>()
  readonly #counts: SharedCounts
  #checks: NodeJS.Timeout | null = null
  #ended = false

  /** @param peers by default this process is alone. */
  constructor(limits: StreamLimits = STREAM_LIMITS, peers: Peers = noPeers()) {
    this.#limits = limits
    this.#counts = new SharedCounts('open streams', peers)
  }

  /** In this process. */
  get size(): number {
    return this.#open.size
  }

  /**
   * @param isTokenValid called four times a second, so it should be a lookup.
   * @throws ApiError 429 when a limit is reached.
   */
  open({ client_id, ...by }: Reader, isTokenValid: () => Promise<boolean>): OpenStream {
    const keys = keysOf(tenantName(by), client_id)
    this.#assertRoom(keys)
    const controller = new AbortController()
    this.#open.set(controller, { keys, isTokenValid, checking: false })
    this.#counts.add(...keys)
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

  #assertRoom(keys: ReturnType<typeof keysOf>): void {
    const { max, maxPerTenant, maxPerClient } = this.#limits
    const [all, tenant, client] = keys
    const full =
      this.#counts.of(all) >= max ||
      this.#counts.of(tenant) >= maxPerTenant ||
      this.#counts.of(client) >= maxPerClient
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
    const entry = this.#open.get(controller)
    this.#open.delete(controller)
    if (entry !== undefined) this.#counts.remove(...entry.keys)
    controller.abort(reason)
    if (this.#open.size > 0 || this.#checks === null) return
    clearInterval(this.#checks)
    this.#checks = null
  }
}

function keysOf(tenant: string, client_id: string): readonly [string, string, string] {
  return ['all', `tenant ${tenant}`, `client ${tenant} ${client_id}`]
}
