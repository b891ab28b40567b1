/**
 * Notifies other instances that something was stored, and listens to them.
 *
 * A notification is a hint and not the data: it is sent after the COMMIT (a NOTIFY inside would let
 * only one transaction of the whole server commit at a time), tenants that are stored for while one
 * is under way share the next, and readers find what is missed when they query again.
 */

import type { Listener, Postgres } from '@modulariot/platform/postgres'
import type { TelemetryStore, Tenant } from '../store.ts'
import type { Watchers } from '../watchers.ts'

const CHANNEL = 'modulariot_telemetry'

export interface Notifier {
  readonly watch: TelemetryStore['watch']
  /** Does not wait. */
  notify(tenants: readonly Tenant[]): void
  stop(): Promise<void>
}

/**
 * Every role of the database may notify the channel: null, every tenant, for a payload that is not
 * ours.
 */
function tenantsIn(payload: string): Tenant[] | null {
  try {
    const { org_id, environment } = Object(JSON.parse(payload)) as Tenant
    return typeof org_id === 'string' && typeof environment === 'string'
      ? [{ org_id, environment }]
      : null
  } catch {
    return null
  }
}

export function createNotifier(postgres: Postgres, watchers: Watchers): Notifier {
  let listener: Listener | null = null
  let waiting = new Map<string, Tenant>()
  let notifying: Promise<void> | null = null

  async function notifyAll(): Promise<void> {
    while (waiting.size > 0) {
      const tenants = [...waiting.keys()]
      waiting = new Map()
      await postgres
        .query('SELECT pg_notify($1, tenant) FROM unnest($2::text[]) AS tenant', [CHANNEL, tenants])
        .catch(() => undefined)
    }
    notifying = null
  }

  return {
    watch(watcher) {
      listener ??= postgres.listen(CHANNEL, {
        notified: (payload) => watchers.tell(tenantsIn(payload)),
        found: () => watchers.tell(null),
      })
      return watchers.add(watcher)
    },
    notify(tenants) {
      for (const { org_id, environment } of tenants) {
        const tenant = { org_id, environment }
        waiting.set(JSON.stringify(tenant), tenant)
      }
      notifying ??= notifyAll()
    },
    async stop() {
      await notifying
      await listener?.stop()
    },
  }
}
