/** The port for refused requests and for counts over time. `addUsage` counts the tokens. */

import type { ActivityCount, RefusalEntry } from '../../records/activity.ts'
import type { Tenant } from '../../records/client.ts'

export interface RefusalQuery {
  /** Null: of every tenant. */
  readonly tenant: Tenant | null
  readonly client_id?: string | undefined
  readonly kind?: string | undefined
  /** Also those of no known tenant; without a tenant they are included. */
  readonly unattributed: boolean
  /** ISO 8601: not older than this. */
  readonly since: string
  /** Return those before this id; null: the newest. */
  readonly before: string | null
  readonly limit: number
}

export interface CountQuery extends Tenant {
  /** Null: by the hour, of the whole tenant; else by the day, of this client. */
  readonly client_id: string | null
  /** Unix seconds: `from` <= start < `to`. */
  readonly from: number
  readonly to: number
}

export interface ActivityStore {
  /** Writes them, and adds them to the counts of their tenant and client. Notifies no listener. */
  addRefusals(refusals: readonly RefusalEntry[]): Promise<void>
  /** Newest first. */
  listRefusals(query: RefusalQuery): Promise<readonly RefusalEntry[]>
  /** In order of `start`, then `kind`. */
  listActivity(query: CountQuery): Promise<readonly ActivityCount[]>
  /**
   * Removes at most `limit` refusals, as many counts and as many addresses of clients from before a
   * time. Where there are more than `keep` refusals, it also removes as many of the oldest of the
   * tenant that has the most; those of no tenant count as one.
   *
   * @param beforeSeconds Unix seconds.
   * @returns how many.
   */
  sweepActivity(beforeSeconds: number, keep: number, limit: number): Promise<number>
}
