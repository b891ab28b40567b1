/** Organizations in SQLite. */

import { attempt } from '@modulariot/platform/storage'
import type { Organization } from '../../records/client.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { OrganizationStore } from '../ports/organizations.ts'
import { organizationOf } from '../rows.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import { createClients } from './clients.ts'
import type { Sqlite } from './connection.ts'

export function organizationStore(sqlite: Sqlite, change: Change): OrganizationStore {
  const { sql } = sqlite
  return {
    createFirst: (organization, client) =>
      change((unit) => {
        if (sql('SELECT 1 FROM organizations LIMIT 1').get() !== undefined) return false
        insertOrganization(sqlite, unit, organization)
        createClients(sqlite, unit, [client])
        return true
      }),
    createOrganization: (organization) =>
      change((unit) => insertOrganization(sqlite, unit, organization)),
    listOrganizations: () =>
      attempt(() =>
        sql('SELECT org_id, name FROM organizations ORDER BY org_id').all().map(organizationOf),
      ),
    updateOrganization: (org_id, update, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        return updateOrganization(sqlite, unit, org_id, update)
      }),
  }
}

export function insertOrganization(
  { sql }: Sqlite,
  unit: ChangeUnit,
  { value, audit, revoke }: Audited<Organization>,
): void {
  sql('INSERT INTO organizations (org_id, name) VALUES (?, ?)').run(value.org_id, value.name)
  unit.changed()
  unit.audit([audit])
  unit.revoke(revoke)
}

/** Null, and no change, when there is no such organization. */
function updateOrganization(
  { sql }: Sqlite,
  unit: ChangeUnit,
  org_id: string,
  update: (current: Organization) => Audited<Organization>,
): Organization | null {
  const row = sql('SELECT org_id, name FROM organizations WHERE org_id = ?').get(org_id)
  if (row === undefined) return null
  const { value, audit, revoke } = update(organizationOf(row))
  sql('UPDATE organizations SET name = ? WHERE org_id = ?').run(value.name, org_id)
  unit.changed()
  unit.audit([audit])
  unit.revoke(revoke)
  return value
}
