/** What the admin API's methods need of a transport; types only. */

import type { BulkResult } from './records.ts'

export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/admin/v1`, with the query. */
  readonly path: string
  /** `idempotency-key`: the call may be repeated. `if-match`: only from this version. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: object | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BulkCall {
  readonly path: string
  /** Each is JSON. */
  readonly lines: readonly string[]
  readonly signal?: AbortSignal | undefined
}

export interface AdminAnswer {
  /** The parsed body of a success. */
  readonly body: unknown
  /** Answered from an earlier request with this idempotency key. */
  readonly replayed: boolean
}

/** Throws for everything that is not a success. */
export interface AdminTransport {
  send(call: AdminCall): Promise<AdminAnswer>
  /** POSTs NDJSON. Results that came before a fault are yielded, since they have secrets. */
  sendLines(call: BulkCall): AsyncIterable<BulkResult>
}
