/** `miot orgs create|list`, `miot audiences create|list`: what belongs to the whole installation. */

import { type Audience, createAudience as create, createOrganization } from '@modulariot/auth'
import { onTheBox } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { properties, table } from '../terminal/output.ts'

export async function createOrg(context: Context, name: string): Promise<void> {
  await onTheBox(context, async (admin) => {
    const organization = await createOrganization(name, admin)
    context.output.print(organization, () => properties(Object.entries(organization)))
  })
}

export async function listOrgs(context: Context): Promise<void> {
  await onTheBox(context, async ({ store }) => {
    const organizations = await store.listOrganizations()
    context.output.print({ organizations }, () =>
      table(
        ['ORG ID', 'NAME'],
        organizations.map(({ org_id, name }) => [org_id, name]),
      ),
    )
  })
}

export interface AudienceOptions {
  readonly scope: readonly string[]
  readonly tokenLifetime: number
  readonly alg: Audience['signing_alg']
}

export async function createAudience(
  context: Context,
  audience: string,
  options: AudienceOptions,
): Promise<void> {
  await onTheBox(context, async (admin) => {
    const made = await create(
      {
        audience,
        scopes: options.scope,
        token_lifetime_seconds: options.tokenLifetime,
        signing_alg: options.alg,
      },
      admin,
    )
    context.output.print(made, () => describe([made]))
  })
}

export async function listAudiences(context: Context): Promise<void> {
  await onTheBox(context, async ({ store }) => {
    const audiences = await store.listAudiences()
    context.output.print({ audiences }, () => describe(audiences))
  })
}

function describe(audiences: readonly Audience[]): string[] {
  return table(
    ['AUDIENCE', 'LIFETIME', 'ALG', 'SCOPES'],
    audiences.map((one) => [
      one.audience,
      `${one.token_lifetime_seconds} s`,
      one.signing_alg,
      one.scopes.join(' '),
    ]),
  )
}
