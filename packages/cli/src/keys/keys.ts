/** `miot keys list|rotate`: the keys that sign tokens. */

import { type KeyView, listKeys, replaceKeys, rotateKeys } from '@modulariot/auth'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { onThisMachine, onThisMachineWithKeys } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { table } from '../terminal/output.ts'
import { toMinute } from '../terminal/times.ts'

export async function showKeys(context: Context): Promise<void> {
  await onThisMachine(context, async (admin) => print(context, await listKeys(admin), ''))
}

export interface RotateOptions {
  readonly alg?: SigningAlgorithm
  readonly now?: true
}

export async function rotateSigningKeys(
  context: Context,
  { alg = undefined, now }: RotateOptions,
): Promise<void> {
  await onThisMachineWithKeys(context, async (admin) => {
    const keys = await (now ? replaceKeys : rotateKeys)(alg ?? null, admin)
    const message = now
      ? 'All tokens signed so far are revoked, and new keys sign from now on. Clients have to log in again.'
      : 'The next key signs from the time above (UTC). Tokens signed with the previous key stay valid until they expire.'
    print(context, keys, message)
  })
}

function print(context: Context, keys: readonly KeyView[], message: string): void {
  context.output.print({ keys }, () => {
    const rows = keys.map((key) => [
      key.kid,
      key.alg,
      key.state,
      minute(key.created_at),
      minute(key.activates_at),
      minute(key.gone_at),
    ])
    const lines = table(['KEY', 'ALG', 'STATE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL'], rows)
    return message === '' ? lines : [...lines, '', message]
  })
}

function minute(time: string | null): string {
  return time === null ? '-' : toMinute(time)
}
