/** Output of the figures: a table for people, JSON for programs, and a file. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { type Line, toTable } from './report.ts'

export const RESULTS = new URL('../results/', import.meta.url)

/** @param json print JSON instead of a table. */
export function tell(name: string, lines: readonly Line[], json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(toTable(lines))
  keep(name, lines)
}

/** In `bench/results/NAME.json`. */
export function keep(name: string, results: unknown): void {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(new URL(`${name}.json`, RESULTS), JSON.stringify(results, null, 2))
}

/** Progress for the user; stdout has the figures only. */
export const print = (text: string): void => void process.stderr.write(`${text}\n`)
