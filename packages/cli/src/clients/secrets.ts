/** `miot secrets add|list|rotate|revoke` */

import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { properties, table } from '../terminal/output.ts'

export async function addSecret(
  context: Context,
  client_id: string,
  options: { label: string; expires?: number },
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const expires_at =
      options.expires === undefined
        ? null
        : new Date(Date.now() + options.expires * 1000).toISOString()
    const added = await admin.addSecret(client_id, { label: options.label, expires_at })
    printNew(context, client_id, added)
  })
}

export async function rotateSecrets(
  context: Context,
  client_id: string,
  options: { label: string; overlap: number },
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const { label, overlap: overlapSeconds } = options
    printNew(context, client_id, await admin.rotateSecrets(client_id, { label, overlapSeconds }))
  })
}

export async function revokeSecret(
  context: Context,
  client_id: string,
  secret_id: string,
): Promise<void> {
  await withAdmin(context, async (admin) => {
    await admin.revokeSecret(client_id, secret_id)
    context.output.print({ revoked: secret_id }, () => `Revoked ${secret_id}.`)
  })
}

export async function listSecrets(context: Context, client_id: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    const secrets = await admin.listSecrets(client_id)
    context.output.print({ secrets }, () =>
      table(
        ['SECRET ID', 'LABEL', 'CREATED', 'EXPIRES', 'LAST USED', 'FROM'],
        secrets.map(({ secret_id, label, created_at, expires_at, used }) => [
          secret_id,
          label,
          created_at,
          expires_at ?? 'never',
          used?.last_used_at ?? 'never',
          used?.address ?? '',
        ]),
      ),
    )
  })
}

function printNew(
  context: Context,
  client_id: string,
  { secret_id, client_secret }: { secret_id: string; client_secret: string },
): void {
  const shown = { client_id, secret_id, client_secret }
  context.output.print(shown, () => [
    ...properties(Object.entries(shown)),
    '',
    'Save the secret now: it is not shown again.',
  ])
}
