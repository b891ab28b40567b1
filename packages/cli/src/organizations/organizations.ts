/** `miot orgs create|rename|list|members` */

import {
  assertOrganization,
  createOrganization,
  listMembers,
  renameOrganization,
} from '@modulariot/auth'
import { onThisMachine } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'

export async function createOrg(context: Context, name: string): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const organization = await createOrganization(name, admin)
    context.output.print(organization, () => properties(Object.entries(organization)))
  })
}

export async function renameOrg(context: Context, org_id: string, name: string): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const organization = await renameOrganization(org_id, name, admin)
    context.output.print(organization, () => properties(Object.entries(organization)))
  })
}

export async function listOrgs(context: Context): Promise<void> {
  await onThisMachine(context, async ({ store }) => {
    const organizations = await store.listOrganizations()
    context.output.print({ organizations }, () =>
      context.output.table(
        ['NAME', 'ORG ID'],
        organizations.map(({ org_id, name }) => [name, org_id]),
        'There is no organization yet: create one with miot orgs create --name NAME',
      ),
    )
  })
}

export async function listMembersOf(context: Context, org_id: string): Promise<void> {
  await onThisMachine(context, async (admin) => {
    await assertOrganization(org_id, admin)
    const members = await listMembers(org_id, admin)
    context.output.print({ members }, () =>
      members.length === 0
        ? ['It has no member yet.']
        : context.output.table(
            ['EMAIL', 'NAME', 'ROLE', 'SINCE', 'PERSON ID'],
            members.map((one) => [
              ...[one.email, one.name, one.role, utc(one.created_at), one.person_id],
            ]),
          ),
    )
  })
}
