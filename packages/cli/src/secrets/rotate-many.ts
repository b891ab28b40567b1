/**
 * `miot secrets rotate --tag|--file … --out`: rotates the secrets of many clients, one after the
 * other. The new secrets go to a file, never to the terminal.
 */

import type { ClientView } from '@modulariot/auth'
import type { Admin } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import {
  assertOneWay,
  type Choice,
  type Chosen,
  chooseClients,
  refusalOf,
  usedLately,
} from '../clients/choose-clients.ts'
import { confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { openResultFile, type ResultFile } from '../files/result-file.ts'
import type { RotateOptions } from './secrets.ts'

export interface RotateManyOptions extends RotateOptions, Choice {
  readonly out?: string
  readonly resume?: true
}

const COLUMNS = [
  ...(['client_id', 'status', 'external_id', 'name'] as const),
  ...(['secret_id', 'client_secret', 'message'] as const),
] as const

/** @throws CliError usage before anything is changed; `failure` when some were not rotated. */
export async function rotateMany(context: Context, options: RotateManyOptions): Promise<void> {
  const { out, overlap, yes, resume } = options
  assertOneWay([], options)
  if (out === undefined) {
    throw new CliError('usage', 'The new secrets of many clients go to a file: add --out FILE')
  }
  const confirm = confirmation({ yes: overlap === 0 ? yes : true }, 'proceeds')
  await withAdmin(context, async (admin) => {
    const clients = await chooseClients(admin, [], options)
    const results = openResultFile(out, COLUMNS, resume)
    try {
      const left = clients.filter(({ client_id }) => !results.done.has(client_id))
      await confirm(async () => whatStops(left))
      await rotateAll(context, admin, { left, all: clients.length }, results, options)
    } finally {
      results.close()
    }
  })
}

function whatStops(clients: readonly Chosen[]): string[] {
  return [
    `This replaces the secrets of ${clients.length} clients without an overlap.`,
    'Their old secrets and their tokens stop working now, until they have the new secrets.',
    ...usedLately(clients),
  ]
}

async function rotateAll(
  context: Context,
  admin: Admin,
  { left, all }: { left: readonly ClientView[]; all: number },
  results: ResultFile,
  options: RotateManyOptions,
): Promise<void> {
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
  }
  // A client is rotated and its secret saved, or it is not rotated.
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const counts = { rotated: 0, skipped: 0, refused: 0 }
  try {
    for (const client of left) {
      if (interrupted) break
      counts[await rotateOne(admin, client, results, options)]++
    }
  } catch (error) {
    const { code, message } = (await import('../errors/to-cli-error.ts')).toCliError(error)
    const kept = `${counts.rotated} clients were rotated and are in ${options.out}`
    throw new CliError(code, `${message}; ${kept}; continue with --resume`)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
  report(context, options.out ?? '', counts, { all, before: all - left.length, interrupted })
}

/** A secret that has ended, of a client with keys, is none that it uses. */
export function reasonToSkip(
  { secrets, keys, jwks_uri }: Pick<ClientView, 'secrets' | 'keys' | 'jwks_uri'>,
  now = Date.now(),
): string | null {
  if (keys.length === 0 && jwks_uri === null) {
    return secrets.length > 0 ? null : 'It has no secret'
  }
  const isUsed = secrets.some((one) => one.expires_at === null || Date.parse(one.expires_at) > now)
  return isUsed ? null : 'It has no secret; it signs assertions'
}

async function rotateOne(
  admin: Admin,
  client: ClientView,
  results: ResultFile,
  { label, overlap: overlapSeconds }: RotateManyOptions,
): Promise<'rotated' | 'skipped' | 'refused'> {
  const { client_id, external_id, name } = client
  const about = { client_id, external_id, name }
  const reason = reasonToSkip(client)
  if (reason !== null) {
    results.write({ ...about, status: 'skipped', message: reason })
    return 'skipped'
  }
  results.reserve()
  try {
    const { secret_id, client_secret } = await admin.rotateSecrets(client_id, {
      label,
      overlapSeconds,
    })
    results.write({ ...about, status: 'rotated', secret_id, client_secret })
    return 'rotated'
  } catch (error) {
    results.write({ ...about, status: 'refused', message: refusalOf(error) })
    return 'refused'
  }
}

function report(
  context: Context,
  out: string,
  counts: { readonly rotated: number; readonly skipped: number; readonly refused: number },
  run: { readonly all: number; readonly before: number; readonly interrupted: boolean },
): void {
  const { rotated, skipped, refused } = counts
  const left = run.all - run.before - rotated - skipped - refused
  const earlier = run.before === 0 ? '' : ` ${run.before} were done before.`
  context.output.print({ ...counts, done_before: run.before, left, out }, () => [
    `Rotated ${rotated} of ${run.all} clients, skipped ${skipped}, refused ${refused}.${earlier}`,
    `The new secrets are in ${out}: nothing else has them.`,
  ])
  if (run.interrupted && left > 0) {
    throw new CliError('failure', `Interrupted with ${left} clients left; continue with --resume`)
  }
  if (refused > 0) {
    throw new CliError(
      'failure',
      `${refused} clients were refused; ${out} says why, and --resume tries them again`,
    )
  }
}
