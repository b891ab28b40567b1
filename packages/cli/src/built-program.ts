/**
 * Whether `dist/` holds the program of the present sources. Every start of `miot` asks, so files
 * are compared by size and time, and not read.
 *
 * Libraries count by npm's record of the whole installation.
 */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PACKAGE = new URL('../', import.meta.url)
const FOLDER = fileURLToPath(PACKAGE)
/** Beside the builds: which one to run, and what it was built from. */
export const RECORD = new URL('dist/built.json', PACKAGE)
const INSTALLED = '../../node_modules/.package-lock.json'

/** Of one file, relative to the package: `[path, bytes, modified]`, in Unix milliseconds. */
type State = readonly [path: string, bytes: number, modifiedMs: number]

export interface Built {
  /** Relative to the record. */
  readonly program: string
  readonly inputs: readonly State[]
}

/** URL of the built program; null: there is none of the present sources. */
export function builtProgram(record: URL = RECORD): string | null {
  try {
    const { program, inputs } = JSON.parse(readFileSync(record, 'utf8')) as Built
    const url = new URL(program, record)
    return existsSync(url) && inputs.every(isUnchanged) ? url.href : null
  } catch {
    return null
  }
}

/** @param paths sources, relative to the package. */
export function statesOf(paths: readonly string[]): State[] {
  return [...paths, INSTALLED].map((path) => {
    const { size, mtimeMs } = statSync(FOLDER + path)
    return [path, size, mtimeMs]
  })
}

function isUnchanged([path, bytes, modifiedMs]: State): boolean {
  const { size, mtimeMs } = statSync(FOLDER + path)
  // Layers of container images hold whole seconds.
  const inSeconds = Math.floor(modifiedMs / 1000) * 1000
  return size === bytes && (mtimeMs === modifiedMs || mtimeMs === inSeconds)
}
