/** `miot secrets add|list|rotate|revoke` */

import type { AddedSecret } from '@modulariot/auth'
import type { Admin } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import { lastUse, nameOf } from '../clients/end-client.ts'
import { withClient } from '../clients/find-client.ts'
import { CHOICES } from '../command/choice-options.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'

export async function addSecret(
  context: Context,
  client: string,
  options: { label: string; expires?: number },
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const expires_at =
      options.expires === undefined
        ? null
        : new Date(Date.now() + options.expires * 1000).toISOString()
    const { label } = options
    const add = (client_id: string) => admin.addSecret(client_id, { label, expires_at })
    printNew(context, await withClient(admin, client, add))
  })
}

export interface RotateOptions extends ConfirmOptions {
  readonly label: string
  /** Seconds. */
  readonly overlap: number
}

export async function rotateSecrets(
  context: Context,
  client: string,
  options: RotateOptions,
): Promise<void> {
  const { label, overlap: overlapSeconds, yes } = options
  const many = [...CHOICES, 'out', 'resume'].find((name) => name in options)
  if (many !== undefined) {
    throw new CliError('usage', `--${kebab(many)} is for many clients; leave out ${client}`)
  }
  const confirm = confirmation({ yes: overlapSeconds === 0 ? yes : true }, 'proceeds')
  await withAdmin(context, async (admin) => {
    const rotate = async (client_id: string) => {
      await confirm(async () => {
        const found = await admin.getClient(client_id)
        return [
          `This replaces the secrets of ${nameOf(found)} without an overlap.`,
          'Its old secrets and its tokens stop working now, until it has the new secret.',
          await lastUse(admin, found),
        ]
      })
      return admin.rotateSecrets(client_id, { label, overlapSeconds })
    }
    printNew(context, await withClient(admin, client, rotate))
  })
}

export async function revokeSecret(
  context: Context,
  client: string,
  secret_id: string,
  options: ConfirmOptions,
): Promise<void> {
  const confirm = confirmation(options, 'proceeds')
  await withAdmin(context, async (admin) => {
    await withClient(admin, client, async (client_id) => {
      await confirm(() => whatEnds(admin, client_id, secret_id))
      return admin.revokeSecret(client_id, secret_id)
    })
    context.output.print({ revoked: secret_id }, () => `Revoked ${secret_id}.`)
  })
}

async function whatEnds(
  admin: Pick<Admin, 'getClient' | 'listSecrets'>,
  client_id: string,
  secret_id: string,
): Promise<string[]> {
  const client = await admin.getClient(client_id)
  const secrets = await admin.listSecrets(client_id)
  const one = secrets.find((secret) => secret.secret_id === secret_id)
  if (one === undefined) throw new CliError('not_found', `The client has no secret ${secret_id}`)
  return [
    `This revokes the secret ${one.label} (${secret_id}) of ${nameOf(client)}.`,
    one.used === null
      ? 'It has never been used.'
      : `It was last used at ${utc(one.used.last_used_at)}, from ${one.used.address}.`,
    `Its other secrets: ${secrets.length - 1}. Tokens stay valid.`,
  ]
}

export async function listSecrets(context: Context, client: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    const secrets = await withClient(admin, client, admin.listSecrets)
    context.output.print({ secrets }, () =>
      context.output.table(
        ['LABEL', 'ENDS WITH', 'CREATED', 'EXPIRES', 'LAST USED', 'FROM', 'SECRET ID'],
        secrets.map(({ secret_id, label, hint, created_at, expires_at, used }) => [
          label,
          hint ?? '',
          utc(created_at),
          expires_at === null ? 'never' : utc(expires_at),
          used === null ? 'never' : utc(used.last_used_at),
          used?.address ?? '',
          secret_id,
        ]),
        'This client has no secret.',
      ),
    )
  })
}

/** An option as it is typed. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function printNew(context: Context, { client, secret_id, client_secret }: AddedSecret): void {
  const shown = { client_id: client.client_id, secret_id, client_secret }
  context.output.print(shown, () => [
    ...properties(Object.entries(shown)),
    '',
    'Save the secret now: it is not shown again.',
  ])
}
