/** Progress on a terminal: at most one line per second, on standard error. */

import { basename } from 'node:path'
import { writeError } from '../terminal/standard-streams.ts'

const SHOW_EVERY_MS = 1000

export type Progress = (path: string, done: number, total: number) => void

export function createProgress(): Progress {
  let shownAt = performance.now()
  return (path, done, total) => {
    if (performance.now() - shownAt < SHOW_EVERY_MS || !process.stderr.isTTY) return
    shownAt = performance.now()
    writeError(`${basename(path)}: ${Math.floor((100 * done) / Math.max(1, total))} %\n`)
  }
}
