/** The listeners to new observations. */

import type { Tenant } from './store.ts'
import { tenantName } from './tenant-name.ts'

type Listener = (tenant: Tenant | null) => void

export interface Watchers {
  add(listener: Listener): () => void
  /** Calls the listeners once per distinct tenant, or once with null for an unknown one. */
  notify(tenants: readonly Tenant[] | null): void
  isEmpty(): boolean
}

export function createWatchers(): Watchers {
  const listeners = new Set<Listener>()
  return {
    add(listener) {
      // Wrapped, so that a function added twice is called twice.
      const own: Listener = (tenant) => listener(tenant)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    isEmpty: () => listeners.size === 0,
    notify(tenants) {
      if (listeners.size === 0) return
      for (const tenant of tenants === null ? [null] : tenantsOf(tenants)) {
        for (const listener of listeners) listener(tenant)
      }
    },
  }
}

/** Each once, without what else there is. */
export function tenantsOf(tenants: readonly Tenant[]): Tenant[] {
  const byName = new Map<string, Tenant>()
  for (const { org_id, environment } of tenants) {
    byName.set(tenantName({ org_id, environment }), { org_id, environment })
  }
  return [...byName.values()]
}
