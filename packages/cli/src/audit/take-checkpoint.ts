/** `miot audit checkpoint|retention`: a signed head to keep elsewhere; how much of the trail is kept here. */

import { createCheckpointSigner, cutTrail, knownHeads, readBase } from '@modulariot/auth'
import { onTheBox, withAdmin } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { filesOf } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { appendCheckpoint, readCheckpoints } from '../files/checkpoint-file.ts'
import { properties } from '../terminal/output.ts'

/** @param out a file to append a line to; left out, the checkpoint is printed. */
export async function printCheckpoint(context: Context, { out }: { out?: string }): Promise<void> {
  await withAdmin(context, async (admin) => {
    const answer = await admin.auditCheckpoint()
    const { public_key, ...signed } = answer
    if (out !== undefined) append(out, signed)
    context.output.print(answer, () =>
      properties([
        ...(out === undefined ? ([['checkpoint', signed.checkpoint]] as const) : []),
        ...(out === undefined ? [] : ([['appended to', out]] as const)),
        ['row', String(signed.seq)],
        ['signed at', signed.at],
        ['issuer', signed.iss],
        ['public key', JSON.stringify(public_key)],
      ]),
    )
  })
}

function append(path: string, signed: Parameters<typeof appendCheckpoint>[1]): void {
  try {
    appendCheckpoint(path, signed)
  } catch (error) {
    throw new CliError('failure', `${path} takes no checkpoint: ${(error as Error).message}`)
  }
}

/** Cuts what is older than `days`, once, where that is given; shows what is kept. */
export async function auditRetention(context: Context, { days }: { days?: number }): Promise<void> {
  const config = context.config()
  await onTheBox(context, async (admin, keys) => {
    const signer = await createCheckpointSigner(keys.checkpoint, config.issuer)
    let rows = 0
    if (days !== undefined) {
      const kept = readCheckpoints(filesOf(config).auditCheckpoints).checkpoints
      const known = await knownHeads(kept, signer)
      rows = (await cutTrail({ days, signer, known }, admin))?.rows ?? 0
    }
    const first_seq = ((await readBase(admin.store, signer))?.seq ?? 0) + 1
    const kept_days = config.auditRetentionDays
    context.output.print({ cut_rows: rows, first_seq, kept_days }, () =>
      properties([
        ...(days === undefined ? [] : ([['cut now', `${rows} rows`]] as const)),
        ['the oldest row', String(first_seq)],
        ['cut daily', kept_days === null ? 'nothing' : `what is older than ${kept_days} days`],
      ]),
    )
  })
}
