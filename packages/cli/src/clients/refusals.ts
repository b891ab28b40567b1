/** `miot clients refusals`: refused requests, and what to do about them. */

import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { utc } from '../terminal/times.ts'
import { withClient } from './find-client.ts'

export interface RefusalsOptions {
  readonly kind?: string
  /** Seconds. */
  readonly since: number
  readonly limit: number
}

/** @param client as a command line names it. */
export async function listRefusals(
  context: Context,
  client: string | undefined,
  { kind, since: sinceSeconds, limit }: RefusalsOptions,
): Promise<void> {
  const since = new Date(Date.now() - sinceSeconds * 1000).toISOString()
  await withAdmin(context, async (admin) => {
    const list = (client_id?: string) => admin.listRefusals({ client_id, kind, since, limit })
    const refusals = client === undefined ? await list() : await withClient(admin, client, list)
    context.output.print({ refusals }, () =>
      refusals.length === 0
        ? 'No request was refused in this time.'
        : context.output.table(
            ['TIME', 'KIND', 'TIMES', 'STATUS', 'ENDPOINT', 'ADDRESS', 'CLIENT ID'],
            refusals.map((one) => [
              utc(one.at),
              one.kind,
              String(one.times),
              String(one.status),
              one.endpoint,
              one.address,
              one.client_id ?? '',
            ]),
          ),
    )
  })
}
