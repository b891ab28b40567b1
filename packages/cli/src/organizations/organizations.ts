/** `miot orgs create|list` */

import { createOrganization } from '@modulariot/auth'
import { onThisMachine } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { properties, table } from '../terminal/output.ts'

export async function createOrg(context: Context, name: string): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const organization = await createOrganization(name, admin)
    context.output.print(organization, () => properties(Object.entries(organization)))
  })
}

export async function listOrgs(context: Context): Promise<void> {
  await onThisMachine(context, async ({ store }) => {
    const organizations = await store.listOrganizations()
    context.output.print({ organizations }, () =>
      table(
        ['ORG ID', 'NAME'],
        organizations.map(({ org_id, name }) => [org_id, name]),
      ),
    )
  })
}
