/** What became of each line of an import: printed, counted, and its credentials written. */

import type { BulkResult } from '@modulariot/auth'
import { type ClientRow, credentialsLine } from '@modulariot/auth/client-file'
import { CliError } from '../errors/cli-error.ts'
import type { SecretsFile } from '../files/secrets-file.ts'
import type { Output } from '../terminal/output.ts'

export interface ImportReport {
  /**
   * @param results one for each row with an input, in order.
   * @throws CliError when the server stopped, or the credentials cannot be written.
   */
  settle(rows: readonly ClientRow[], results: readonly BulkResult[]): void
  /** Line of the last result; 0 before the first. */
  lastLine(): number
  printSummary(dryRun: boolean): void
  /** @throws CliError */
  assertNoneRefused(): void
}

/** @param file where credentials go; null: they are printed. */
export function createImportReport(
  output: Output,
  file: SecretsFile | null,
  token_url: string,
): ImportReport {
  const count = { created: 0, exists: 0, valid: 0, refused: 0 }
  let lastLine = 0

  /** Why the credentials of these results are not on disk; null when they are. */
  function writeFault(settled: readonly Settled[]): NodeJS.ErrnoException | null {
    try {
      for (const [{ line }, result] of settled) {
        if (result.status !== 'created') continue
        const { client, client_secret } = result
        file?.append(credentialsLine({ line, client, client_secret, token_url }))
      }
      file?.sync()
      return null
    } catch (error) {
      return error as NodeJS.ErrnoException
    }
  }
  function print([{ line, external_id }, result]: Settled, withSecret: boolean): void {
    const status = Object.hasOwn(count, result.status) ? result.status : 'refused'
    count[status as keyof typeof count]++
    lastLine = line
    const shown = withSecret ? result : { ...result, client_secret: undefined }
    output.line({ line, external_id, ...shown }, () => describe(line, external_id, shown))
  }
  return {
    lastLine: () => lastLine,
    settle(rows, results) {
      const { settled, stop } = paired(rows, results)
      const fault = writeFault(settled)
      // A secret that is not in the file is printed after all.
      for (const one of settled) print(one, file === null || fault !== null)
      if (fault !== null) {
        throw new CliError(
          'failure',
          `The credentials cannot be written (${fault.code}): those that are not in the file are printed above, and no more clients were created`,
        )
      }
      if (stop !== null) throw stop
    },
    printSummary(dryRun) {
      const { valid, ...others } = count
      const counts = dryRun ? { valid, exists: count.exists, refused: count.refused } : others
      output.line({ summary: counts }, () => {
        const texts = Object.entries(counts).map(([name, n]) => `${n} ${WORDS[name]}`)
        return `${texts.join(', ')}.`
      })
    },
    assertNoneRefused() {
      if (count.refused === 0) return
      const total = Object.values(count).reduce((sum, one) => sum + one, 0)
      throw new CliError('failure', `${count.refused} of ${total} clients were refused`)
    },
  }
}

const WORDS: Readonly<Record<string, string>> = {
  created: 'created',
  exists: 'existed before',
  valid: 'would be created',
  refused: 'refused',
}

type Settled = readonly [row: ClientRow, result: BulkResult]

/** Each row with its result, up to the row at which the server stopped. */
function paired(rows: readonly ClientRow[], results: readonly BulkResult[]) {
  const settled: Settled[] = []
  const answers = results.values()
  for (const row of rows) {
    const result: BulkResult | undefined =
      'refused' in row ? { status: 'refused', message: row.refused } : answers.next().value
    if (result === undefined) {
      const message = `The server gave no result for line ${row.line}`
      return { settled, stop: new CliError('failure', message) }
    }
    if (result.status === 'stopped') return { settled, stop: new CliError('auth', result.message) }
    settled.push([row, result])
  }
  return { settled, stop: null }
}

type Shown =
  | BulkResult
  | (Omit<BulkResult, 'client_secret'> & { readonly client_secret: undefined })

function describe(line: number, external_id: string | null, result: Shown): string {
  const who = `line ${line}${external_id === null ? '' : ` (${external_id})`}`
  if ('client' in result) {
    const { client_id } = result.client as { client_id: string }
    if (result.status === 'exists') return `${who}: ${client_id} exists; it was left as it is`
    const secret = 'client_secret' in result ? result.client_secret : undefined
    return `${who}: created ${client_id}${secret ? `, secret ${secret}` : ''}`
  }
  return 'message' in result ? `${who}: refused: ${result.message}` : `${who}: valid`
}
