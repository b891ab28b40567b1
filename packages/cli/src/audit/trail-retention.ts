/** `miot audit retention`: how long entries of the trail are kept. */

import { cutTrail, knownHeads, readBase } from '@modulariot/auth'
import { checkpointSigner, onThisMachine } from '../administration/local.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { filesOf } from '../config/parse-config.ts'
import { readCheckpoints } from '../files/checkpoint-file.ts'
import { properties } from '../terminal/output.ts'

export interface AuditRetentionOptions extends ConfirmOptions {
  readonly days?: number
}

/** With `days`, removes older entries once. Shows the retention either way. */
export async function auditRetention(
  context: Context,
  { days, yes }: AuditRetentionOptions,
): Promise<void> {
  const confirm = confirmation({ yes: days === undefined ? true : yes }, 'proceeds')
  const config = context.config()
  await onThisMachine(context, async (admin, keys) => {
    const signer = await checkpointSigner(admin.store, keys, config.issuer)
    let rows = 0
    if (days !== undefined) {
      await confirm(async () => [
        `This removes the entries of the trail that are older than ${days} days. They cannot be restored.`,
        'A signed checkpoint takes their place.',
      ])
      const kept = readCheckpoints(filesOf(config).auditCheckpoints).checkpoints
      const known = await knownHeads(kept, signer)
      rows = (await cutTrail({ days, signer, known }, admin))?.rows ?? 0
    }
    const first_seq = ((await readBase(admin.store, signer))?.seq ?? 0) + 1
    const kept_days = config.auditRetentionDays
    context.output.print({ cut_rows: rows, first_seq, kept_days }, () =>
      properties([
        ...(days === undefined ? [] : ([['removed now', `${rows} rows`]] as const)),
        ['oldest row', String(first_seq)],
        ['removed daily', kept_days === null ? 'nothing' : `rows older than ${kept_days} days`],
      ]),
    )
  })
}
