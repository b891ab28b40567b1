/** `miot audiences create|list` */

import { type Audience, createAudience as create } from '@modulariot/auth'
import { onThisMachine } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { table } from '../terminal/output.ts'

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
  if (options.typ !== 'at+jwt' && audience === context.config().apiAudience) {
    throw new CliError('usage', 'ModularIoT API accepts tokens of the type at+jwt only')
  }
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
    context.output.print(made, () => describe([made]))
  })
}

export async function listAudiences(context: Context): Promise<void> {
  await onThisMachine(context, async ({ store }) => {
    const audiences = await store.listAudiences()
    context.output.print({ audiences }, () => describe(audiences))
  })
}

function describe(audiences: readonly Audience[]): string[] {
  return table(
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
