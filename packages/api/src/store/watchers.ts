/** Who wants to know that something was stored. */

import type { Tenant } from './store.ts'
import { tenantName } from './tenant-name.ts'

type Listener = (tenant: Tenant | null) => void

export interface Watchers {
  add(listener: Listener): () => void
  /** Each tenant once; null for whoever it may be. */
  tell(tenants: readonly Tenant[] | null): void
}

export function createWatchers(): Watchers {
  const listeners = new Set<Listener>()
  return {
    add(listener) {
      // Wrapped, so that one function given twice is two watchers.
      const own: Listener = (tenant) => listener(tenant)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    tell(tenants) {
      if (listeners.size === 0) return
      for (const tenant of tenants === null ? [null] : distinct(tenants)) {
        for (const listener of listeners) listener(tenant)
      }
    },
  }
}

function distinct(tenants: readonly Tenant[]): Tenant[] {
  const byName = new Map<string, Tenant>()
  for (const { org_id, environment } of tenants) {
    byName.set(tenantName({ org_id, environment }), { org_id, environment })
  }
  return [...byName.values()]
}
