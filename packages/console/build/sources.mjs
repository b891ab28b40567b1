/**
 * Whether `dist/` holds the page of the present sources.
 *
 * Plain JavaScript without dependencies: scripts/bootstrap.mjs imports it on the machine's own
 * Node, at every `npm start`.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../', import.meta.url))

/** What the page is made of, relative to the package. Its dependencies have exact versions. */
const SOURCES = ['build', 'index.html', 'package.json', 'public', 'src', 'vite.config.ts']

/** Of other packages: the readers of files of clients, with what they import. */
const SHARED = [
  '../auth/src/client-file',
  '../auth/src/errors/admin-error.ts',
  '../auth/src/text/parse-line.ts',
  '../oauth/src/protocol',
  '../platform/src/json',
  '../platform/src/lines',
  '../platform/src/nearest.ts',
]

export const DIST = join(folder, 'dist')

/** Beside the page: `{ sources }`, and the sizes. */
export const RECORD = join(DIST, 'built.json')

export function isBuilt() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8')).sources === hashOfSources()
  } catch {
    return false
  }
}

/** @returns {string} SHA-256 of names and contents, hex. */
export function hashOfSources() {
  const hash = createHash('sha256')
  for (const name of [...SOURCES, ...SHARED]) add(hash, name)
  return hash.digest('hex')
}

function add(hash, name) {
  if (name.endsWith('.test.ts')) return
  const path = join(folder, name)
  const entries = names(path)
  if (entries === null) hash.update(`${name}\0`).update(readFileSync(path)).update('\0')
  else for (const entry of entries.sort()) add(hash, `${name}/${entry}`)
}

/** Null for a file. */
function names(path) {
  try {
    return readdirSync(path)
  } catch (error) {
    if (error.code === 'ENOTDIR') return null
    throw error
  }
}
