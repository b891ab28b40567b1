/** Counts what the API answered for each report of a file, and prints what was refused. */

import type { ReportResult } from '@modulariot/sdk'
import { describeRefusal } from '../errors/api-refusal.ts'
import type { Output } from '../terminal/output.ts'
import type { Progress } from '../terminal/progress.ts'
import type { FileReport } from './report-file.ts'

/** With `--json` all refusals are printed. */
const MAX_SHOWN_REFUSALS = 20

export interface Tally {
  /** @param results one for each report of the batch that has a text, in order. */
  settle(batch: readonly FileReport[], results: readonly ReportResult[]): void
  /** Place after the last settled report. */
  next(): number
  refused(): number
  total(): number
  /** @param stopped whether reports are left. */
  printSummary(requestId: string, stopped: boolean): void
}

interface TallyOptions {
  readonly output: Output
  readonly progress: Progress
  readonly unit: 'line' | 'item'
  readonly totalBytes: number | null
  /** Place of the first report. */
  readonly first: number
}

export function createTally(options: TallyOptions): Tally {
  const { output, progress, unit, totalBytes } = options
  const count = { sent: 0, kept: 0, replayed: 0, refused: 0 }
  let next = options.first

  function refuse(place: number, refusal: Omit<ReportResult, 'index'>): void {
    count.refused++
    if (!output.json && count.refused > MAX_SHOWN_REFUSALS) return
    progress.clear()
    const { code, ...members } = refusal
    const where = unit === 'line' ? { line: place } : { index: place }
    output.line({ ...where, code, ...members }, () =>
      describeRefusal(refusal, `${unit} ${place}: ${code} `),
    )
  }
  function settleOne(report: FileReport, results: Iterator<ReportResult>): void {
    next = report.place + 1
    if ('refused' in report) {
      refuse(report.place, report.refused)
      return
    }
    const { index: _, ...result } = results.next().value as ReportResult
    count.sent++
    if (result.code !== 200) {
      refuse(report.place, result)
      return
    }
    count.kept++
    if (result.replayed) count.replayed++
  }
  return {
    settle(batch, results) {
      const answers = results.values()
      for (const report of batch) settleOne(report, answers)
      const part = totalBytes === null ? null : (batch.at(-1)?.end ?? 0) / totalBytes
      const refused = count.refused === 0 ? '' : `, ${count.refused} refused`
      progress.show(part, `${count.kept} reports stored${refused}`)
    },
    next: () => next,
    refused: () => count.refused,
    total: () => count.kept + count.refused,
    printSummary(request_id, stopped) {
      progress.clear()
      const summary = {
        request_id,
        ...count,
        ...(stopped && unit === 'line' && { resume_from_line: next }),
      }
      output.line(summary, () => describe(request_id, count))
    },
  }
}

function describe(requestId: string, { kept, refused, replayed }: Counts): string[] {
  const hidden = refused - MAX_SHOWN_REFUSALS
  const earlier =
    replayed === 0 ? '' : `, ${replayed} of them earlier (the same text is stored once)`
  return [
    ...(hidden > 0 ? [`and ${hidden} more; --json lists them all`] : []),
    `Stored ${kept} of ${kept + refused} reports (request id ${requestId})${earlier}.`,
  ]
}

type Counts = Readonly<Record<'kept' | 'refused' | 'replayed', number>>
