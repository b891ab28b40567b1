/** `miot audit list|verify`: who did what, and is the trail whole? */

import { type AuditEntry, type AuditHead, type AuditRow, verifyTrail } from '@modulariot/auth'
import { onTheBox, withAdmin } from '../admin.ts'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { table } from '../output.ts'

export async function listAudit(
  context: Context,
  options: { limit: number; target?: string; action?: string },
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const entries = await admin.listAudit(options)
    context.output.print({ entries }, () =>
      table(
        ['SEQ', 'WHEN', 'WHO', 'WHAT', 'ON'],
        entries.map(({ seq, at, actor, action, target }) => [
          String(seq),
          at.slice(0, 19).replace('T', ' '),
          nameOf(actor),
          action,
          target.id,
        ]),
      ),
    )
  })
}

/** @throws CliError `failure` naming the first broken row. */
export async function verifyAudit(context: Context, options: { head?: AuditHead }): Promise<void> {
  await onTheBox(context, async ({ store }) => {
    const verdict = await verifyTrail(
      allRows((after) => store.readAudit({ after, limit: 1000 })),
      options.head ?? null,
    )
    if (!verdict.ok) throw new CliError('failure', `The audit trail is broken: ${verdict.why}`)
    const { head } = verdict
    context.output.print({ ok: true, head }, () =>
      head === null
        ? 'The audit trail is empty.'
        : [
            `The audit trail is whole, ${head.seq} rows.`,
            `Save this head elsewhere: ${head.seq}:${head.hash}`,
          ],
    )
  })
}

async function* allRows(read: (after: number) => Promise<AuditRow[]>): AsyncGenerator<AuditRow> {
  for (let page = await read(0); page.length > 0; page = await read(page.at(-1)?.seq ?? 0)) {
    yield* page
  }
}

function nameOf(actor: AuditEntry['actor']): string {
  if (actor.kind === 'operator') return actor.name
  return actor.kind === 'client' ? actor.client_id : 'system'
}
