/** `miot clients disable|delete`: both stop a client, and ask before on a terminal. */

import type { ClientView } from '@modulariot/auth'
import { AdminError } from '@modulariot/auth/values'
import type { Admin } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { utc } from '../terminal/times.ts'
import { printClient } from './clients.ts'
import { withClient } from './find-client.ts'

/** @param client here and below: as a command line names it, see `withClient`. */
export async function disableClient(
  context: Context,
  client: string,
  options: ConfirmOptions,
): Promise<void> {
  const confirm = confirmation(options, 'proceeds')
  await withAdmin(context, async (admin) => {
    const found = await withClient(admin, client, admin.getClient)
    await confirm(async () => [
      `This disables ${nameOf(found)}.`,
      'Its tokens stop working now, and it gets no new ones until it is enabled.',
      await lastUse(admin, found),
    ])
    const { client_id, version } = found
    printClient(context, await admin.updateClient(client_id, { status: 'disabled' }, version))
  })
}

export async function deleteClient(
  context: Context,
  client: string,
  options: ConfirmOptions,
): Promise<void> {
  const confirm = confirmation(options, 'refused')
  await withAdmin(context, async (admin) => {
    const found = await withClient(admin, client, admin.getClient)
    await confirm(async () => [
      `This deletes ${nameOf(found)}.`,
      'Its tokens and secrets stop working now, and it cannot be restored.',
      'The telemetry it reported stays, and so does what the audit trail says about it.',
      await lastUse(admin, found),
    ])
    const { client_id, name } = await admin.deleteClient(found.client_id)
    context.output.print({ deleted: client_id, name }, () => [
      `Deleted ${client_id}. The telemetry it reported stays.`,
    ])
  })
}

export function nameOf({ name, client_id, environment }: ClientView): string {
  return `the client ${name} (${client_id}, ${environment})`
}

/** A sentence. An administrator may change clients without the right to read their usage. */
export async function lastUse(
  admin: Pick<Admin, 'clientUsage'>,
  { client_id }: Pick<ClientView, 'client_id'>,
): Promise<string> {
  try {
    const { last_used_at, tokens_valid } = await admin.clientUsage(client_id)
    if (last_used_at === null) return 'It has never been used.'
    return `It was last used at ${utc(last_used_at)}, and about ${tokens_valid} of its tokens are valid.`
  } catch (error) {
    const refused =
      (error instanceof CliError && error.code === 'auth') ||
      (error instanceof AdminError && error.code === 'forbidden')
    if (!refused) throw error
    return 'This token may not read when it was last used (scope usage:read).'
  }
}
