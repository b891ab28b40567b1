/** `miot clients list --wasteful`: clients that do not reuse their tokens. */

import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { utc } from '../terminal/times.ts'

export async function listWastefulClients(context: Context): Promise<void> {
  await withAdmin(context, async (admin) => {
    const clients = await admin.wastefulClients()
    context.output.print({ clients }, () =>
      clients.length === 0
        ? 'No client requests tokens long before it needs them.'
        : context.output.table(
            [
              'NAME',
              'TOKENS/DAY',
              'VALID NOW',
              'REQUESTED EARLY',
              'VS NEEDED',
              'LAST TOKEN',
              'CLIENT ID',
            ],
            clients.map((one) => [
              one.name,
              String(one.tokens_per_day),
              String(one.tokens_valid),
              String(one.tokens_valid_early),
              `${one.times_needed}×`,
              utc(one.last_issued_at ?? ''),
              one.client_id,
            ]),
          ),
    )
  })
}
