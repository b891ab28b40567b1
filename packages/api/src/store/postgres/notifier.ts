/**
 * Notifies other instances that something was stored, and listens to their notifications.
 *
 * A notification is only a hint; a reader that misses one finds the data at its next query. It is
 * sent after the COMMIT, since a NOTIFY inside the transaction would serialize all commits of the
 * server. It is a transaction of its own, so an instance sends ten a second at most: what is stored
 * after a pause is notified at once, and tenants that store something in between share the next.
 */

import type { Listener, Postgres } from '@modulariot/platform/postgres'
import type { TelemetryStore, Tenant } from '../store.ts'
import type { Watchers } from '../watchers.ts'

const CHANNEL = 'modulariot_telemetry'

/** Between two notifications of an instance. */
const PAUSE_MS = 100

export interface Notifier {
  readonly watch: TelemetryStore['watch']
  /** Returns without waiting. */
  notify(tenants: readonly Tenant[]): void
  stop(): Promise<void>
}

/**
 * Any role of the database can notify the channel, so an invalid payload means every tenant: null.
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

export function createNotifier(
  postgres: Pick<Postgres, 'query' | 'listen'>,
  watchers: Watchers,
): Notifier {
  let stopping = false
  let endPause = (): void => {}
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
      if (!stopping) await pause()
    }
    notifying = null
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      endPause = resolve
      setTimeout(resolve, PAUSE_MS).unref()
    })
  }

  return {
    watch(watcher) {
      listener ??= postgres.listen(CHANNEL, {
        notified: (payload) => watchers.notify(tenantsIn(payload)),
        found: () => watchers.notify(null),
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
      stopping = true
      endPause()
      await notifying
      await listener?.stop()
    },
  }
}
