/** `miot audiences create|update|list` */

import { type Audience, createAudience as create, updateAudience as update } from '@modulariot/auth'
import { adminAudience, feedAudience } from '@modulariot/auth/values'
import { onThisMachine } from '../administration/local.ts'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import type { Line } from '../terminal/output.ts'

export interface AudienceOptions {
  readonly scope: readonly string[]
  readonly tokenLifetime: number
  readonly alg: Audience['signing_alg']
  readonly typ: Audience['token_typ']
}

export async function createAudience(
  context: Context,
  audience: string,
  options: AudienceOptions,
): Promise<void> {
  assertTypAccepted(context, audience, options.typ)
  await onThisMachine(context, async (admin) => {
    const made = await create(
      {
        audience,
        scopes: options.scope,
        token_lifetime_seconds: options.tokenLifetime,
        signing_alg: options.alg,
        token_typ: options.typ,
      },
      admin,
    )
    context.output.print(made, () => describe(context, [made]))
  })
}

export interface AudienceUpdateOptions {
  readonly addScope?: readonly string[]
  readonly tokenLifetime?: number
  readonly typ?: Audience['token_typ']
}

export async function updateAudience(
  context: Context,
  audience: string,
  options: AudienceUpdateOptions,
): Promise<void> {
  assertTypAccepted(context, audience, options.typ)
  const change = {
    add_scopes: options.addScope,
    token_lifetime_seconds: options.tokenLifetime,
    token_typ: options.typ,
  }
  if (Object.values(change).every((value) => value === undefined)) {
    throw new CliError('usage', 'name what to change: --add-scope, --token-lifetime or --typ')
  }
  await onThisMachine(context, async (admin) => {
    const updated = await update(audience, change, admin)
    context.output.print(updated, () => describe(context, [updated]))
  })
}

/** The servers' own APIs verify by RFC 9068 alone. */
function assertTypAccepted(
  context: Context,
  audience: string,
  typ: Audience['token_typ'] | undefined,
): void {
  if (typ === undefined || typ === 'at+jwt') return
  const { apiAudience, issuer } = context.config()
  const own = [apiAudience, adminAudience(issuer), feedAudience(issuer)]
  if (!own.includes(audience)) return
  const server = audience === apiAudience ? 'ModularIoT API' : 'ModularIoT Auth'
  throw new CliError('usage', `${server} accepts tokens of the type at+jwt only`)
}

export async function listAudiences(context: Context): Promise<void> {
  await withAdmin(context, async (admin) => {
    const audiences = await admin.listAudiences()
    context.output.print({ audiences }, () => describe(context, audiences))
  })
}

function describe(context: Context, audiences: readonly Audience[]): Line[] {
  return context.output.table(
    ['AUDIENCE', 'LIFETIME', 'ALG', 'TYP', 'SCOPES'],
    audiences.map((one) => [
      one.audience,
      `${one.token_lifetime_seconds} s`,
      one.signing_alg,
      one.token_typ,
      one.scopes.join(' '),
    ]),
  )
}
