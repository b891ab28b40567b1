/**
 * `miot clients import`: creates many clients from a file, and says of each line what became of it.
 *
 * A secret is shown once, so none may get lost on the way: the file for the credentials is opened
 * before the first client is created, and Ctrl-C waits for the clients that are being created.
 */

import { writeFileSync } from 'node:fs'
import type { BulkResult } from '@modulariot/auth'
import {
  ClientFileError,
  type ClientRow,
  CREDENTIALS_HEADER,
  readClients,
  refuseRepeated,
  withoutEnvironment,
} from '@modulariot/auth/client-file'
import type { Environment } from '@modulariot/oauth/protocol'
import type { Admin, NewClientTenant } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { onInterrupt } from '../command/interruption.ts'
import { CliError } from '../errors/cli-error.ts'
import { readChunks } from '../files/input-file.ts'
import { createSecretsFile } from '../files/secrets-file.ts'
import { createImportReport, type ImportReport } from './import-report.ts'

export interface ImportOptions extends NewClientTenant {
  /** A new CSV file for the credentials. */
  readonly out?: string
  readonly dryRun?: true
}

/** Clients per transaction, or request. */
const IMPORT_BATCH = 500

export async function importClients(
  context: Context,
  path: string,
  options: ImportOptions,
): Promise<void> {
  const { out, dryRun = false } = options
  const config = context.config()
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(new CliError('interrupted', 'Interrupted'))
  using _interrupted = onInterrupt(interrupt)
  try {
    const read = clientsIn(path, config.apiAudience, controller.signal)
    const rows = context.url === null ? read : withoutEnvironment(read, TOKEN_DETERMINES)
    // What is wrong with the whole file is found before anything is opened or created.
    const batches = batchesOf(rows, options.environment)
    const first = await batches.next()
    await withAdmin(context, async (admin) => {
      const file = out === undefined ? null : createSecretsFile(out, CREDENTIALS_HEADER)
      const tokenUrl = `${context.url ?? config.issuer}/api/v1/login`
      const report = createImportReport(context.output, file, tokenUrl)
      try {
        const create = dryRun ? admin.checkClients : admin.createClients
        for (let batch = first; !batch.done; batch = await batches.next()) {
          await importBatch(batch.value, create, options, report)
          controller.signal.throwIfAborted()
        }
      } catch (error) {
        if (report.lastLine() > 0) report.printSummary(dryRun)
        throw await withPlace(error, report.lastLine())
      } finally {
        file?.close()
      }
      report.printSummary(dryRun)
      report.assertNoneRefused()
    })
  } finally {
    controller.abort()
  }
}

/** @param audience of a client that names none. */
async function* clientsIn(
  path: string,
  audience: string,
  signal: AbortSignal,
): AsyncGenerator<ClientRow> {
  try {
    yield* readClients(readChunks(path, signal), { name: path, audience })
  } catch (error) {
    if (!(error instanceof ClientFileError)) throw error
    throw new CliError(error.kind, error.message)
  }
}

const TOKEN_DETERMINES = 'With --url, the token determines the environment: leave the column out'

interface Batch {
  readonly environment: Environment | undefined
  readonly rows: readonly ClientRow[]
}

/** Rows of one environment each, since it belongs to the whole request. */
async function* batchesOf(
  rows: AsyncIterable<ClientRow>,
  common: Environment | undefined,
): AsyncGenerator<Batch, undefined> {
  let batch: ClientRow[] = []
  let environment = common
  for await (const row of refuseRepeated(rows, common)) {
    const own = ('environment' in row ? row.environment : undefined) ?? common
    if (batch.length === IMPORT_BATCH || (batch.length > 0 && own !== environment)) {
      yield { environment, rows: batch }
      batch = []
    }
    environment = own
    batch.push(row)
  }
  if (batch.length > 0) yield { environment, rows: batch }
}

async function importBatch(
  { rows, environment }: Batch,
  create: Admin['createClients'],
  { org, out, dryRun }: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const inputs = rows.flatMap((row) => ('input' in row ? [row.input] : []))
  const results: BulkResult[] = []
  try {
    if (inputs.length > 0) {
      for await (const result of create(inputs, { org, environment })) results.push(result)
    }
    if (results.length < inputs.length && results.at(-1)?.status !== 'stopped') throw new CutShort()
  } catch (error) {
    // Only the end of the answer is missing.
    if (results.length === inputs.length) return report.settle(rows, results)
    const { answered, others } = splitAt(rows, results.length)
    if (answered.length > 0) report.settle(answered, results)
    throw dryRun ? error : await unanswered(error, others, out)
  }
  report.settle(rows, results)
}

/** An answer that ends where it should not, as through a proxy that lost the server. */
class CutShort extends Error {
  override readonly message = 'The answer of the server is not complete'
}

/** The rows up to the last with a result, and those after it. */
function splitAt(rows: readonly ClientRow[], results: number) {
  let count = 0
  const end = rows.findIndex((row) => 'input' in row && count++ === results)
  return { answered: rows.slice(0, end), others: rows.slice(end) }
}

/** Creating may have succeeded without its answer, and with it the secrets. */
async function unanswered(
  error: unknown,
  rows: readonly ClientRow[],
  out: string | undefined,
): Promise<unknown> {
  const { code, lines } = await cliErrorOf(error)
  // Other errors are an answer.
  if (!(error instanceof CutShort) && (error instanceof CliError || code !== 'network')) {
    return error
  }
  const ids = rows.flatMap(({ external_id }) => external_id ?? [])
  const list = out === undefined || ids.length === 0 ? null : keepList(out, ids)
  return new CliError('network', [
    ...lines,
    `The clients of lines ${rows[0]?.line} to ${rows.at(-1)?.line} may have been created, and their secrets are lost.`,
    ...(list === null ? WITHOUT_LIST : withList(list)),
  ])
}

const WITHOUT_LIST = [
  'Import these lines again, and rotate the secret (miot secrets rotate) of a client that exists then.',
]

const withList = (list: string): string[] => [
  'Import the file again with another --out: clients that exist are left as they are.',
  `Then give all of these new secrets: miot secrets rotate --file ${list} --out ${list}.csv`,
  'Where both files have a secret of a client, this one counts.',
]

/**
 * The external ids, one a line, for `miot secrets rotate --file`; null when it cannot be written.
 */
function keepList(out: string, ids: readonly string[]): string | null {
  const path = `${out}.unanswered`
  try {
    writeFileSync(path, `${ids.join('\n')}\n`, { flag: 'wx', mode: 0o600 })
    return path
  } catch {
    return null
  }
}

async function withPlace(error: unknown, lastLine: number): Promise<CliError> {
  const { code, lines } = await cliErrorOf(error)
  return new CliError(
    code,
    lastLine === 0 ? lines : [...lines, `Lines up to ${lastLine} are done.`],
  )
}

async function cliErrorOf(error: unknown): Promise<CliError> {
  return (await import('../errors/to-cli-error.ts')).toCliError(error)
}
