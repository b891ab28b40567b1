/** `miot clients addresses`: where a client logged in from, and what an allowlist would do. */

import type { LoginAddress } from '@modulariot/auth'
import { addressInList, parseAddressRange } from '@modulariot/platform/net'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { utc } from '../terminal/times.ts'
import { withClient } from './find-client.ts'

export interface AddressesOptions {
  /** Ranges to try out. */
  readonly allowlist?: readonly string[]
}

/** `allowed` only with a list. */
type Judged = LoginAddress & { readonly allowed?: boolean }

/**
 * @param client as a command line names it.
 * @throws CliError usage for a range that the server would not take either.
 */
export async function showAddresses(
  context: Context,
  client: string,
  { allowlist }: AddressesOptions,
): Promise<void> {
  const bad = allowlist?.find((range) => parseAddressRange(range) === null)
  if (bad !== undefined) {
    throw new CliError('usage', `${bad} is not an address range, such as 203.0.113.0/24`)
  }
  await withAdmin(context, async (admin) => {
    const found = await withClient(admin, client, admin.listAddresses)
    const addresses = found.map(
      (one): Judged =>
        allowlist === undefined ? one : { ...one, allowed: addressInList(allowlist, one.address) },
    )
    context.output.print({ addresses }, () =>
      context.output.table(
        [...(allowlist === undefined ? [] : ['LIST']), 'LOGINS', 'FIRST', 'LAST', 'ADDRESS'],
        addresses.map(({ address, logins, first_seen_at, last_seen_at, allowed }) => [
          ...(allowed === undefined ? [] : [allowed ? 'lets in' : 'refuses']),
          String(logins),
          utc(first_seen_at),
          utc(last_seen_at),
          address,
        ]),
        'It has not logged in lately.',
      ),
    )
  })
}
