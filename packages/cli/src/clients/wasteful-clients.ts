/** `miot clients list --wasteful`: clients that do not reuse their tokens. */

import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { table } from '../terminal/output.ts'
import { toSecond } from '../terminal/times.ts'

export async function listWastefulClients(context: Context): Promise<void> {
  await withAdmin(context, async (admin) => {
    const clients = await admin.wastefulClients()
    context.output.print({ clients }, () =>
      clients.length === 0
        ? 'No client requests tokens long before it needs them.'
        : table(
            [
              'CLIENT ID',
              'NAME',
              'TOKENS/DAY',
              'VALID NOW',
              'REQUESTED EARLY',
              'VS NEEDED',
              'LAST TOKEN',
            ],
            clients.map((one) => [
              one.client_id,
              one.name,
              String(one.tokens_per_day),
              String(one.tokens_valid),
              String(one.tokens_valid_early),
              `${one.times_needed}×`,
              toSecond(one.last_issued_at ?? ''),
            ]),
          ),
    )
  })
}
