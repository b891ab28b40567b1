/** Organizations in PostgreSQL. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { Organization } from '../../records/client.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { OrganizationStore } from '../ports/organizations.ts'
import { organizationOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import { createClients } from './clients.ts'

export function organizationStore(postgres: Postgres, change: Change): OrganizationStore {
  return {
    createFirst: (organization, client) =>
      change(async (unit) => {
        const { count } = await unit.query('SELECT 1 FROM auth.organizations LIMIT 1')
        if (count > 0) return false
        await insertOrganization(unit, organization)
        await createClients(unit, [client])
        return true
      }),
    createOrganization: (organization) => change((unit) => insertOrganization(unit, organization)),
    listOrganizations: async () => {
      const { rows } = await postgres.query(
        'SELECT org_id, name FROM auth.organizations ORDER BY org_id',
      )
      return rows.map(organizationOf)
    },
    updateOrganization: (org_id, update, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return updateOrganization(unit, org_id, update)
      }),
  }
}

export async function insertOrganization(
  unit: ChangeUnit,
  { value, audit, revoke }: Audited<Organization>,
): Promise<void> {
  await unit.query('INSERT INTO auth.organizations (org_id, name) VALUES ($1, $2)', [
    value.org_id,
    value.name,
  ])
  unit.changed()
  await unit.audit([audit])
  await unit.revoke(revoke)
}

/** Null, and no change, when there is no such organization. */
async function updateOrganization(
  unit: ChangeUnit,
  org_id: string,
  update: (current: Organization) => Audited<Organization>,
): Promise<Organization | null> {
  const { rows } = await unit.query(
    'SELECT org_id, name FROM auth.organizations WHERE org_id = $1',
    [withoutNul(org_id)],
  )
  if (rows[0] === undefined) return null
  const { value, audit, revoke } = update(organizationOf(rows[0]))
  const text = 'UPDATE auth.organizations SET name = $2 WHERE org_id = $1'
  await unit.query(text, [org_id, value.name])
  unit.changed()
  await unit.audit([audit])
  await unit.revoke(revoke)
  return value
}
