/** `miot audit verify`: checks the trail's hash chain and compares it with checkpoints. */

import { readFileSync } from 'node:fs'
import {
  type AuditHead,
  type Checkpoint,
  CheckpointRefused,
  type CheckpointSigner,
  checkTrail,
  knownHead,
  readBase,
} from '@modulariot/auth'
import { withoutBom } from '@modulariot/platform/json'
import { checkpointSigner, onThisMachine } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { filesOf } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { findCheckpoints, readCheckpoints } from '../files/checkpoint-file.ts'
import { utc } from '../terminal/times.ts'

export interface VerifyOptions {
  readonly head?: AuditHead
  /** Compact JWSs, or files with one per line. */
  readonly checkpoint?: readonly string[]
}

interface Evidence {
  /** Origin of the checkpoints, for messages. */
  readonly source: string
  readonly checkpoints: readonly Checkpoint[]
  readonly unreadable: number
}

/**
 * Without `--checkpoint`, uses the checkpoints that the server wrote to the data directory.
 *
 * @throws CliError `failure` naming the first broken row or the first invalid checkpoint.
 */
export async function verifyAudit(context: Context, options: VerifyOptions): Promise<void> {
  const config = context.config()
  await onThisMachine(context, async ({ store }, keys) => {
    const signer = await checkpointSigner(store, keys, config.issuer)
    const evidence =
      options.checkpoint === undefined
        ? await localEvidence(filesOf(config).auditCheckpoints, signer)
        : await givenEvidence(options.checkpoint, signer)
    const saved = options.head === undefined ? [] : [{ ...options.head, name: 'the saved head' }]
    const known = [...saved, ...evidence.checkpoints.map(knownHead)]
    const verdict = await checkTrail(store, signer, known)
    if (!verdict.ok) throw new CliError('failure', `The audit trail is broken: ${verdict.why}`)
    const { head, compared, cut } = verdict
    const base = await readBase(store, signer)
    const newest = evidence.checkpoints.reduce<Checkpoint | null>(
      (most, one) => (most === null || one.seq > most.seq ? one : most),
      null,
    )
    const { source, unreadable } = evidence
    const answer = {
      ...{ ok: true, head, first_seq: (base?.seq ?? 0) + 1 },
      checkpoints: { source, compared: compared - saved.length, cut, unreadable, newest },
    }
    context.output.print(answer, () =>
      head === null ? 'The audit trail is empty.' : sentences(head, base, evidence, cut, newest),
    )
  })
}

function sentences(
  head: AuditHead,
  base: Checkpoint | null,
  { source, checkpoints, unreadable }: Evidence,
  cut: number,
  newest: Checkpoint | null,
): string[] {
  const rows = head.seq - (base?.seq ?? 0)
  const lines = [`The audit trail is intact: ${rows} rows.`]
  if (base !== null) {
    lines.push(
      `Retention removed rows 1 to ${base.seq} at ${utc(base.at)}; a signed checkpoint replaces them.`,
    )
  }
  if (newest === null) {
    lines.push(
      `No checkpoints in ${source}: without one, a trail rewritten from the start passes too.`,
    )
  } else {
    const later = head.seq > newest.seq ? '; no checkpoint covers the rows after it' : ''
    lines.push(
      `It matches the checkpoints in ${source} (${checkpoints.length}), up to row ${newest.seq}, ${utc(newest.at)}${later}.`,
    )
  }
  if (cut > 0) lines.push(`Checkpoints skipped because retention removed their rows: ${cut}.`)
  if (unreadable > 0) lines.push(`Lines skipped because they hold no checkpoint: ${unreadable}.`)
  lines.push(`Save this head elsewhere: ${head.seq}:${head.hash}`)
  return lines
}

/** Counts lines that a crash cut short, and refuses a checkpoint that was altered. */
async function localEvidence(path: string, signer: CheckpointSigner): Promise<Evidence> {
  const { checkpoints, unreadable } = readCheckpoints(path)
  const verified: Checkpoint[] = []
  for (const [index, checkpoint] of checkpoints.entries()) {
    verified.push(await verify(checkpoint, `The checkpoint ${index + 1} in ${path}`, signer))
  }
  return { source: path, checkpoints: verified, unreadable: unreadable.length }
}

async function givenEvidence(
  given: readonly string[],
  signer: CheckpointSigner,
): Promise<Evidence> {
  const verified: Checkpoint[] = []
  for (const one of given) {
    const { name, checkpoints } = checkpointsIn(one)
    for (const [index, checkpoint] of checkpoints.entries()) {
      const which = checkpoints.length === 1 ? name : `${name}, number ${index + 1},`
      verified.push(await verify(checkpoint, which, signer))
    }
  }
  return { source: '--checkpoint', checkpoints: verified, unreadable: 0 }
}

/** @throws CliError for a file that cannot be read or holds anything but checkpoints. */
function checkpointsIn(given: string): { name: string; checkpoints: readonly string[] } {
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(given)) {
    return { name: 'The checkpoint', checkpoints: [given] }
  }
  let text: string
  try {
    text = withoutBom(readFileSync(given, 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError('usage', `${given} is neither a checkpoint nor a readable file (${code})`)
  }
  const { checkpoints, unreadable } = findCheckpoints(text)
  if (unreadable.length > 0 || checkpoints.length === 0) {
    const line = unreadable[0] ?? 1
    throw new CliError('failure', `${given}: line ${line} holds no checkpoint`)
  }
  return { name: `The checkpoint in ${given}`, checkpoints }
}

async function verify(
  checkpoint: string,
  name: string,
  signer: CheckpointSigner,
): Promise<Checkpoint> {
  try {
    return await signer.verify('head', checkpoint)
  } catch (error) {
    if (!(error instanceof CheckpointRefused)) throw error
    throw new CliError('failure', `${name} ${error.message}`)
  }
}
