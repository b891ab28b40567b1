import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { localPeers } from '@modulariot/platform/peers'
import { AdminError } from '../../errors/admin-error.ts'
import type { Tenant } from '../../records/client.ts'
import { BulkRuns, MAX_RUNNING_BYTES, MAX_RUNS_A_TENANT } from './bulk-runs.ts'

const tenant = (org_id: string, environment: Tenant['environment'] = 'production'): Tenant => ({
  org_id,
  environment,
})

let runs: BulkRuns

beforeEach(() => {
  runs = new BulkRuns()
})

function refused(attempt: () => unknown): void {
  assert.throws(
    attempt,
    (error) => error instanceof AdminError && error.code === 'too_many_requests',
  )
}

describe('bulk runs', () => {
  it('are few at once for a tenant, whatever other tenants do', () => {
    const ends = Array.from({ length: MAX_RUNS_A_TENANT }, () => runs.begin(tenant('a'), 1))
    refused(() => runs.assertMayBegin(tenant('a')))
    refused(() => runs.begin(tenant('a'), 1))
    runs.begin(tenant('a', 'development'), 1)
    runs.begin(tenant('b'), 1)
    ends[0]?.()
    runs.begin(tenant('a'), 1)
  })

  it('hold no more bytes than the limit in all', () => {
    const quarter = MAX_RUNNING_BYTES / 4
    const ends = ['a', 'b', 'c', 'd'].map((org_id) => runs.begin(tenant(org_id), quarter))
    refused(() => runs.begin(tenant('e'), 1))
    assert.equal(runs.bytes, MAX_RUNNING_BYTES)
    ends[0]?.()
    runs.begin(tenant('e'), quarter)
  })

  it('end once, however often they are ended', () => {
    const end = runs.begin(tenant('a'), 10)
    runs.begin(tenant('a'), 10)
    end()
    end()
    assert.equal(runs.bytes, 10)
    runs.begin(tenant('a'), 10)
    refused(() => runs.begin(tenant('a'), 10))
  })

  it('do not count when refused', () => {
    refused(() => runs.begin(tenant('a'), MAX_RUNNING_BYTES + 1))
    assert.equal(runs.bytes, 0)
    for (let begun = 0; begun < MAX_RUNS_A_TENANT; begun++) runs.begin(tenant('a'), 1)
  })

  it('are as few in several processes, and each has its own bytes', () => {
    const all = localPeers(3).map((peers) => new BulkRuns(peers))
    const ends = all.slice(0, 2).map((one) => one.begin(tenant('a'), MAX_RUNNING_BYTES))
    for (const one of all) refused(() => one.assertMayBegin(tenant('a')))
    all[2]?.begin(tenant('b'), MAX_RUNNING_BYTES)
    ends[0]?.()
    ends[0]?.()
    const end = all[0]?.begin(tenant('a'), 1)
    for (const one of all) refused(() => one.begin(tenant('a'), 1))
    end?.()
    for (const one of all) one.assertMayBegin(tenant('a'))
  })
})
