/**
 * Keeps refused requests for those who look for the cause, and never lets them become a burden:
 * refusals of one kind, client and endpoint share a group, a group keeps a few of each second, and
 * the rest become one entry with their number.
 *
 * What is kept is a sample, not evidence: a second that the store does not accept is dropped. The
 * log has every refusal.
 */

import type { LoggedReason, RefusedRequest } from '@modulariot/platform/http'
import { randomId } from '@modulariot/platform/random-id'
import { repeat } from '@modulariot/platform/repeat'
import { type RefusalEntry, refusalId } from '../records/activity.ts'
import type { Tenant } from '../records/client.ts'
import type { ActivityStore } from '../store/ports/activity.ts'
import type { FleetLookup } from '../store/ports/clients.ts'
import { printable } from '../text/printable.ts'

/** The client of a verified token. */
export type RefusedClient = Tenant & { readonly client_id: string }

export interface RefusalRecorderOptions {
  readonly store: Pick<ActivityStore, 'addRefusals'> & FleetLookup
  /** Unix milliseconds. */
  readonly now: () => number
  /** Called when a second could not be written. */
  readonly onError: (error: unknown) => void
  /** Default: 1000. */
  readonly intervalMs?: number
  /** How many processes of this server share the bounds. Default: 1. */
  readonly processes?: number
}

const INTERVAL_MS = 1000
/** Single entries of a group in a second. */
const KEPT_IN_GROUP = 5
/** A guesser who goes through many clients must not fill the table; of all processes together. */
const MAX_GROUPS = 50

/** Kinds whose `client_id` may be anything. */
const UNPROVEN: ReadonlySet<string> = new Set(['unknown_client', 'malformed_secret'])

/** No decoy: nothing here answers a caller. */
const NONE = ''

/** What an entry is made of, when it is written: a flood has many refusals and few entries. */
interface Recorded {
  readonly refused: RefusedRequest
  readonly client: RefusedClient | null
  /** Unix milliseconds. */
  readonly at: number
}

interface Group {
  readonly kept: Recorded[]
  /** The latest beyond those, which stands for `more`. */
  last: Recorded | null
  more: number
}

export class RefusalRecorder {
  readonly #options: RefusalRecorderOptions
  readonly #stop: () => void
  readonly #maxGroups: number
  #groups = new Map<string, Group>()
  #dropped = 0

  constructor(options: RefusalRecorderOptions) {
    this.#options = options
    const { intervalMs = INTERVAL_MS, processes = 1, onError } = options
    this.#maxGroups = Math.ceil(MAX_GROUPS / processes)
    this.#stop = repeat(() => this.flush(), { firstAfterMs: intervalMs, intervalMs, onError })
  }

  /** Refusals that are in no entry, since too many clients were refused or the store failed. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * @param refused its reason must be safe to show: see `loggableReason`.
   * @param client null: the reason may name the client.
   */
  record(refused: RefusedRequest, client: RefusedClient | null = null): void {
    const group = this.#groupOf(refused, client)
    if (group === null) {
      this.#dropped++
      return
    }
    const recorded = { refused, client, at: this.#options.now() }
    if (group.kept.length < KEPT_IN_GROUP) group.kept.push(recorded)
    else {
      group.last = recorded
      group.more++
    }
  }

  /** Writes all entries. Never rejects. */
  async flush(): Promise<void> {
    if (this.#groups.size === 0) return
    const groups = [...this.#groups.values()]
    this.#groups = new Map()
    const entries = groups.flatMap(({ kept, last, more }) => [
      ...kept.map((one) => entryOf(one, 1)),
      ...(last === null ? [] : [entryOf(last, more)]),
    ])
    try {
      await this.#options.store.addRefusals(await this.#withTenants(entries))
    } catch (error) {
      this.#dropped += entries.reduce((sum, { times }) => sum + times, 0)
      this.#options.onError(error)
    }
  }

  /** Writes the rest, and stops. */
  async close(): Promise<void> {
    this.#stop()
    await this.flush()
  }

  #groupOf(refused: RefusedRequest, client: RefusedClient | null): Group | null {
    const { reason, endpoint, address } = refused
    const { kind }: LoggedReason = reason
    // Made-up ids of one guesser are one group, so that they leave room for others.
    const whose = UNPROVEN.has(kind) ? address : clientIdOf(refused, client)
    const key = `${kind} ${endpoint} ${whose}`
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    if (this.#groups.size >= this.#maxGroups) return null
    const group = { kept: [], last: null, more: 0 }
    this.#groups.set(key, group)
    return group
  }

  /**
   * A client that proved nothing is named by the reason alone; whether it exists, the store knows.
   */
  async #withTenants(entries: readonly RefusalEntry[]): Promise<RefusalEntry[]> {
    const named = new Set(
      entries.flatMap(({ org_id, client_id }) => (org_id === null && client_id ? client_id : [])),
    )
    const found = named.size === 0 ? [] : await this.#options.store.readClients([...named], NONE)
    const tenants = new Map<string, Tenant>(
      found.flatMap((client) => (client === null ? [] : [[client.client_id, client]])),
    )
    return entries.map((entry) => {
      if (entry.org_id !== null || entry.client_id === null) return entry
      const tenant = tenants.get(entry.client_id)
      const { client_id } = entry
      if (tenant === undefined) {
        return { ...entry, client_id: null, detail: { ...entry.detail, client_id } }
      }
      return { ...entry, org_id: tenant.org_id, environment: tenant.environment }
    })
  }
}

type MayNameClient = LoggedReason & { readonly client_id?: string }

function clientIdOf({ reason }: RefusedRequest, client: RefusedClient | null): string | null {
  return client?.client_id ?? (reason as MayNameClient).client_id ?? null
}

function entryOf({ refused, client, at }: Recorded, times: number): RefusalEntry {
  const { reason, user_agent, status, endpoint, address, request_id } = refused
  const { kind, client_id: _, ...detail }: MayNameClient = reason
  return {
    id: refusalId(at, randomId().slice(0, 8)),
    org_id: client?.org_id ?? null,
    environment: client?.environment ?? null,
    client_id: clientIdOf(refused, client),
    ...{ kind, endpoint, status, detail, address, request_id },
    user_agent: user_agent === null ? null : printable(user_agent),
    times,
  }
}
