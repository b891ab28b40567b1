import assert from 'node:assert/strict'
import { it } from 'node:test'
import { localPeers } from '@modulariot/platform/peers'
import type { TelemetryStore, Tenant } from './store.ts'
import { watchedByPeers } from './watched-by-peers.ts'
import { createWatchers } from './watchers.ts'

function store(): TelemetryStore {
  const watchers = createWatchers()
  return {
    append: async (batch: readonly Tenant[]) => {
      watchers.notify(batch)
      return []
    },
    watch: watchers.add,
  } as unknown as TelemetryStore
}

it('a watcher hears what every process appends, until it stops', async () => {
  const [one, other] = localPeers(2).map((peers) => watchedByPeers(store(), peers)) as [
    TelemetryStore,
    TelemetryStore,
  ]
  const heard: unknown[] = []
  const stop = one.watch((tenant) => heard.push(tenant))
  const first = { org_id: 'a', environment: 'production' } as const
  const second = { org_id: 'b', environment: 'development' } as const
  await other.append([first, { ...first }, second] as never)
  assert.deepEqual(heard, [first, second])
  await one.append([second] as never)
  assert.deepEqual(heard, [first, second, second])
  stop()
  await other.append([first] as never)
  await one.append([first] as never)
  assert.equal(heard.length, 3)
})
