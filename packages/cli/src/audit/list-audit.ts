/** `miot audit list`: entries of the audit trail. */

import type { AuditEntry } from '@modulariot/auth'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { utc } from '../terminal/times.ts'

export async function listAudit(
  context: Context,
  options: { limit: number; target?: string; action?: string },
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const entries = await admin.listAudit(options)
    context.output.print({ entries }, () =>
      context.output.table(
        ['SEQ', 'TIME', 'ACTOR', 'ACTION', 'TARGET'],
        entries.map(({ seq, at, actor, action, target }) => [
          String(seq),
          utc(at),
          actorName(actor),
          action,
          target.id,
        ]),
        'No entry was found.',
      ),
    )
  })
}

function actorName(actor: AuditEntry['actor']): string {
  if (actor.kind === 'operator') return actor.name
  if (actor.kind === 'person') return actor.email
  return actor.kind === 'client' ? actor.client_id : 'system'
}
