/** `miot clients usage`: how one client uses its tokens and secrets. */

import type { UsageOfClient } from '@modulariot/auth'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'
import { withClient } from './find-client.ts'

/** @param client as a command line names it. */
export async function showUsage(context: Context, client: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    const usage = await withClient(admin, client, admin.clientUsage)
    context.output.print(usage, () =>
      properties([
        ['client_id', usage.client_id],
        ['name', usage.name],
        ['last used', timeOf(usage.last_used_at)],
        ['last token', timeOf(usage.last_issued_at)],
        ['tokens issued', String(usage.tokens_issued)],
        ['requested early', String(usage.tokens_early)],
        ['above the quota', String(usage.over_quota)],
        ['valid now', validNow(usage)],
        ...usage.secrets.map(
          ({ secret_id, label, used }) =>
            [
              'secret',
              `${secret_id}, ${label}, ${used === null ? 'never used' : `used ${used.uses}×, last ${utc(used.last_used_at)} from ${used.address}`}`,
            ] as const,
        ),
      ]),
    )
  })
}

function validNow({ tokens_valid, times_needed }: UsageOfClient): string {
  return tokens_valid === 0 ? '0' : `${tokens_valid}, ${times_needed}× what it needs`
}

function timeOf(time: string | null): string {
  return time === null ? 'never' : utc(time)
}
