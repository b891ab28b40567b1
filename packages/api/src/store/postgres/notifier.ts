/**
 * Tells other instances that something was stored, and hears it from them.
 *
 * It is a hint and not the data: told after the COMMIT (a NOTIFY inside would let only one transaction of
 * the whole server commit at a time), tenants that come meanwhile go together, and what is missed is found
 * by asking.
 */

import type { Listener, Postgres } from '@modulariot/platform/postgres'
import type { TelemetryStore, Tenant } from '../store.ts'
import type { Watchers } from '../watchers.ts'

const CHANNEL = 'modulariot_telemetry'

export interface Herald {
  readonly watch: TelemetryStore['watch']
  /** Does not wait. */
  tell(tenants: readonly Tenant[]): void
  stop(): Promise<void>
}

/** Every role of the database may speak on the channel: what is not ours to read may be about anybody. */
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

export function createHerald(postgres: Postgres, watchers: Watchers): Herald {
  let listener: Listener | null = null
  let waiting = new Map<string, Tenant>()
  let telling: Promise<void> | null = null

  async function tellAll(): Promise<void> {
    while (waiting.size > 0) {
      const tenants = [...waiting.keys()]
      waiting = new Map()
      await postgres
        .query('SELECT pg_notify($1, tenant) FROM unnest($2::text[]) AS tenant', [CHANNEL, tenants])
        .catch(() => undefined)
    }
    telling = null
  }

  return {
    watch(watcher) {
      listener ??= postgres.listen(CHANNEL, {
        notified: (payload) => watchers.tell(tenantsIn(payload)),
        found: () => watchers.tell(null),
      })
      return watchers.add(watcher)
    },
    tell(tenants) {
      for (const { org_id, environment } of tenants) {
        const tenant = { org_id, environment }
        waiting.set(JSON.stringify(tenant), tenant)
      }
      telling ??= tellAll()
    },
    async stop() {
      await telling
      await listener?.stop()
    },
  }
}
