/**
 * Runs the examples in other languages against a real server: `node examples/languages.ts` runs
 * all, `node examples/languages.ts go rust` those two. `languages.test.ts` runs the quick ones.
 *
 * An example is built in a copy below `node_modules/.cache`, which keeps what the compilers cache.
 * A language that is not installed is skipped, and the test's name says what to install.
 */

import { cpSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, describe } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { shell, whatIsMissing } from '../conformance/support/toolchain.ts'
import { describeClient } from './testing/client.conformance.ts'
import { LANGUAGES, type Language } from './testing/toolchains.ts'

const CACHE = new URL('../node_modules/.cache/miot-examples/', import.meta.url)
/** With an empty cache, and a registry far away. */
const BUILD_TIMEOUT_MS = 600_000

export async function describeLanguages(languages: readonly Language[]): Promise<void> {
  const missing = await Promise.all(languages.map(whatIsMissing))
  describe('examples', { concurrency: 3 }, () => {
    let server: RunningServer
    before(async () => {
      server = await startServer()
    })
    after(() => server?.stop())

    languages.forEach((language, index) => {
      const { name, folder, run, isWithoutTls = false } = language
      const cwd = fileURLToPath(new URL(`${folder}/`, CACHE))
      const skip = missing[index] ?? false
      describe(name, { skip, concurrency: 6 }, () => {
        before(() => build(language, cwd), { timeout: BUILD_TIMEOUT_MS })
        const program = () => ({ command: run, cwd })
        describeClient({ name, server: () => server, program, isWithoutTls })
      })
    })
  })
}

async function build({ folder, build }: Language, cwd: string): Promise<void> {
  mkdirSync(cwd, { recursive: true })
  const source = fileURLToPath(new URL(`${folder}/`, import.meta.url))
  const filter = (path: string) => basename(path) !== 'target'
  cpSync(source, cwd, { recursive: true, preserveTimestamps: true, filter })
  if (build !== undefined) await shell(build, { cwd, timeout: BUILD_TIMEOUT_MS })
}

if (import.meta.main) {
  const chosen = process.argv.slice(2)
  const known = LANGUAGES.map(({ folder }) => folder)
  const unknown = chosen.filter((folder) => !known.includes(folder))
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: none of ${known.join(', ')}`)
  await describeLanguages(
    LANGUAGES.filter(({ folder }) => chosen.length === 0 || chosen.includes(folder)),
  )
}
