/** `miot audit checkpoint`: signs the head of the trail, to be kept elsewhere. */

import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { appendCheckpoint } from '../files/checkpoint-file.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'

/** @param out file to append a line to; without it, the checkpoint is printed. */
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
        ['signed at', utc(signed.at)],
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
    throw new CliError('failure', `Cannot append to ${path}: ${(error as Error).message}`)
  }
}
