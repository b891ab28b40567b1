/** `miot keys list|rotate`: the keys that sign tokens. */

import {
  type AdminContext,
  type ClientQuery,
  listClients,
  replaceKeys,
  rotateKeys,
} from '@modulariot/auth'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { onThisMachineWithKeys } from '../administration/local.ts'
import type { ListedKey } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import { clientsOf } from '../clients/list-clients.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { utc } from '../terminal/times.ts'

export async function showKeys(context: Context): Promise<void> {
  await withAdmin(context, async (admin) => print(context, await admin.listKeys(), ''))
}

export interface RotateOptions extends ConfirmOptions {
  readonly alg?: SigningAlgorithm
  readonly now?: true
}

export async function rotateSigningKeys(
  context: Context,
  { alg = undefined, now, yes }: RotateOptions,
): Promise<void> {
  const confirm = confirmation({ yes: now ? yes : true }, 'proceeds')
  await onThisMachineWithKeys(context, async (admin) => {
    await confirm(() => whatStops(alg ?? null, admin))
    const keys = await (now ? replaceKeys : rotateKeys)(alg ?? null, admin)
    const message = now
      ? 'All tokens signed so far are revoked, and new keys sign from now on. Clients have to log in again.'
      : 'The next key signs from the time above. Tokens signed with the previous key stay valid until they expire.'
    print(context, keys, message)
  })
}

const DAY_MS = 86_400_000

async function whatStops(alg: SigningAlgorithm | null, admin: AdminContext): Promise<string[]> {
  const lists = { listClients: (query: ClientQuery) => listClients(query, admin) }
  const since = new Date(admin.now() - DAY_MS).toISOString()
  let clients = 0
  let used = 0
  for await (const { last_used_at } of clientsOf(lists, {})) {
    clients++
    if (last_used_at !== null && last_used_at >= since) used++
  }
  return [
    `This replaces ${alg === null ? 'all signing keys' : `the ${alg} keys`} now.`,
    `All tokens ${alg === null ? '' : `signed with ${alg} `}stop working; clients have to log in again.`,
    `${used} of ${clients} clients were used in the last 24 hours.`,
  ]
}

function print(context: Context, keys: readonly ListedKey[], message: string): void {
  context.output.print({ keys }, () => {
    const rows = keys.map((key) => [
      key.alg,
      key.state,
      key.held_by ?? '-',
      timeOf(key.created_at),
      timeOf(key.activates_at),
      timeOf(key.rotates_at ?? key.retires_at),
      timeOf(key.gone_at),
      key.kid,
    ])
    const lines = context.output.table(
      ['ALG', 'STATE', 'HELD BY', 'CREATED', 'SIGNS FROM', 'SIGNS UNTIL', 'VERIFIES UNTIL', 'KEY'],
      rows,
    )
    return message === '' ? lines : [...lines, '', message]
  })
}

function timeOf(time: string | null): string {
  return time === null ? '-' : utc(time)
}
