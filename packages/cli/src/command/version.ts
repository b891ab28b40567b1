/** Which version of ModularIoT this is, and from which commit. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PACKAGE = new URL('../../', import.meta.url)
const COMMIT = /^[0-9a-f]{40}$/

/** All packages of a release have the same version. */
export function version(): string {
  return JSON.parse(readFileSync(new URL('package.json', PACKAGE), 'utf8')).version
}

/**
 * The full hash of the commit; null when neither the sources nor Git know it.
 *
 * `git archive` writes it into commit.txt, which makes the sources of a release.
 */
export function commit(): string | null {
  known ??= { commit: findCommit() }
  return known.commit
}

let known: { readonly commit: string | null } | null = null

function findCommit(): string | null {
  const archived = readFileSync(new URL('commit.txt', PACKAGE), 'utf8').trim()
  if (COMMIT.test(archived)) return archived
  try {
    const head = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: fileURLToPath(PACKAGE),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    }).trim()
    return COMMIT.test(head) ? head : null
  } catch {
    return null
  }
}

/** `0.1.0 (e7a72a3)`, of this program unless another build is given. */
export function versionText(build = { version: version(), commit: commit() }): string {
  const short = build.commit?.slice(0, 7)
  return short === undefined ? build.version : `${build.version} (${short})`
}
