import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import type { Environment } from '@modulariot/oauth/protocol'
import type { AdminContext } from '../../admin/context.ts'
import type { Role } from '../../records/member.ts'
import { refusalAt } from '../../store/conformance/activity.ts'
import { openInstallation } from '../../testing/sample-installation.ts'
import { refusals } from './activity-endpoints.ts'
import type { AdminCall } from './call.ts'

const place = await openInstallation()
after(() => place.close())
const { org_id } = place.acme

/** How many refusals of no tenant a caller sees. */
async function seen(environment: Environment, role: Role | null, organizations = 1) {
  const listOrganizations = async () =>
    (await place.store.listOrganizations()).slice(0, organizations)
  const context: AdminContext = {
    ...place.caller({ org_id, environment }),
    role,
    store: { ...place.store, listOrganizations },
  }
  const request = { query: { since: '2026-01-01T00:00:00Z' } }
  return (await refusals({ request, context } as unknown as AdminCall)).refusals.length
}

it('refusals of no tenant are shown with one organization, to callers that see production', async () => {
  const nowhere = { org_id: null, environment: null, client_id: null }
  await place.store.addRefusals([refusalAt(0, nowhere)])
  for (const role of ['owner', 'admin', 'viewer'] as const) {
    assert.equal(await seen('development', role), 1, role)
    assert.equal(await seen('production', role), 1, role)
    assert.equal(await seen('production', role, 2), 0, role)
  }
  assert.equal(await seen('development', 'developer'), 0)
  assert.equal(await seen('development', null), 0)
  assert.equal(await seen('production', null), 1)
})
