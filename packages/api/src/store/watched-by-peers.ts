/** Streams of one worker show what another has stored, on a store that does not notify them. */

import type { Peers } from '@modulariot/platform/peers'
import type { TelemetryStore, Tenant } from './store.ts'
import { createWatchers, tenantsOf } from './watchers.ts'

const TOPIC = 'telemetry stored'

/** The same store, whose watchers also hear what its other processes append. */
export function watchedByPeers(store: TelemetryStore, peers: Peers): TelemetryStore {
  if (peers.count === 1) return store
  const watchers = createWatchers()
  peers.listen(TOPIC, (tenants) => watchers.notify(tenants as readonly Tenant[]))
  return {
    ...store,
    async append(batch) {
      const outcomes = await store.append(batch)
      if (batch.length > 0) peers.tell(TOPIC, tenantsOf(batch))
      return outcomes
    },
    watch(listener) {
      const stops = [store.watch(listener), watchers.add(listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}
