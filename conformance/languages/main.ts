/**
 * Runs OAuth clients and token verifiers of other languages, unmodified and from their own
 * registries, against a real server, and compares the results with the table of docs/interop.md:
 *
 *     npm run conformance -- languages [LANGUAGE | NAME …] [--write]
 *
 * With `--write` it writes the table instead. Programs are installed in a copy below
 * `node_modules/.cache`, by the tools of their language. A language that is not installed is
 * skipped, and keeps its rows.
 */

import { cpSync, existsSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { shell, whatIsMissing } from '../support/toolchain.ts'
import { LIBRARY_TESTS, type LibraryTest } from './clients.ts'
import { type Installation, startInstallation, writeTrustStore } from './installation.ts'
import { runAttempt } from './run-test.ts'
import { readPage, resultIn, tableIn, tableOf, versionOf, writeTable } from './table.ts'
import { LANGUAGES, type Language, type LanguageName } from './toolchains.ts'

const CACHE = new URL('../../node_modules/.cache/miot-interop/', import.meta.url)
/** With an empty cache, and a registry far away. */
const INSTALL_TIMEOUT_MS = 600_000
/** Lines of what a program writes that do not say what went wrong. */
const STACK = /^\s*(at |\.\.\. |File "|\^+$|Picked up JAVA_TOOL_OPTIONS)/
const MAX_FAULT_LINES = 12
const DOES_NOT_WORK = 'does not work'

const { chosen, write } = readArguments()
if (chosen.length > 0) process.exitCode = await main(chosen)

/** @returns the exit status. */
async function main(tests: readonly LibraryTest[]): Promise<number> {
  const results = await runAll(tests)
  const page = readPage()
  const table = tableOf(LIBRARY_TESTS, results, page)
  if (write) {
    writeTable(page, table)
    return 0
  }
  if (table === tableIn(page)) return 0
  const known = tableIn(page).split('\n')
  const differing = table.split('\n').filter((row) => !known.includes(row))
  process.stderr.write(`\ndocs/interop.md says otherwise. Of this run:\n${differing.join('\n')}\n`)
  return 1
}

/** Of the languages that are there. */
async function runAll(tests: readonly LibraryTest[]): Promise<Map<string, string>> {
  const results = new Map<string, string>()
  const languages = [...new Set(tests.map(({ language }) => language))]
  const installed: LanguageName[] = []
  for (const language of languages) if (await install(language)) installed.push(language)
  if (installed.length === 0) return results
  const installation = await startInstallation()
  try {
    if (installed.includes('java')) await writeTrustStore(installation)
    for (const test of tests.filter(({ language }) => installed.includes(language))) {
      results.set(test.name, await resultOf(installation, test))
    }
  } finally {
    await installation.stop()
  }
  return results
}

/** False where its toolchain is missing. */
async function install(language: LanguageName): Promise<boolean> {
  const { folder, install: commands, ...toolchain }: Language = LANGUAGES[language]
  if ((await whatIsMissing(toolchain)) !== false) return false
  process.stdout.write(`Installing the libraries of ${toolchain.name} …\n`)
  const cwd = copyOf(language)
  copy(fileURLToPath(new URL(`${folder}/`, import.meta.url)), cwd)
  // `exec`, so that the deadline ends the command and not only its shell.
  for (const command of commands) {
    await shell(`exec ${command}`, { cwd, timeout: INSTALL_TIMEOUT_MS })
  }
  return true
}

/** Keeps what was built before, and no source that is gone. */
function copy(source: string, target: string): void {
  mkdirSync(target, { recursive: true })
  for (const path of globSync('**/*', { cwd: target, exclude: (name) => isBuilt(name) })) {
    if (!existsSync(join(source, path)))
      rmSync(join(target, path), { recursive: true, force: true })
  }
  const options = { recursive: true, preserveTimestamps: true }
  cpSync(source, target, { ...options, filter: (path) => !isBuilt(path) })
}

function isBuilt(path: string): boolean {
  return ['node_modules', '.venv', '__pycache__', 'bin', 'target'].includes(basename(path))
}

function copyOf(language: LanguageName): string {
  return fileURLToPath(new URL(`${LANGUAGES[language].folder}/`, CACHE))
}

/** The first attempt that works; what failed is shown where the table does not say so. */
async function resultOf(installation: Installation, test: LibraryTest): Promise<string> {
  const faults: string[] = []
  let result = DOES_NOT_WORK
  for (const attempt of test.attempts) {
    const { setting } = attempt
    const fault = await runAttempt(installation, test, attempt, copyOf(test.language))
    if (fault === null) {
      result = setting === null ? 'works' : `works with ${setting}`
      break
    }
    faults.push(`  ${setting ?? 'as it comes'}: fails\n    ${shortened(fault)}\n`)
  }
  process.stdout.write(`${test.name} ${versionOf(test)}: ${result}\n`)
  const isKnown = result !== DOES_NOT_WORK && result === resultIn(readPage(), test.name)
  if (!isKnown) process.stdout.write(faults.join(''))
  return result
}

function shortened(fault: string): string {
  const lines = fault.split('\n').filter((line) => line !== '' && !STACK.test(line))
  return lines.slice(-MAX_FAULT_LINES).join('\n    ')
}

function readArguments(): { chosen: readonly LibraryTest[]; write: boolean } {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean', default: false } },
    allowPositionals: true,
    strict: false,
  })
  const known = [...Object.keys(LANGUAGES), ...LIBRARY_TESTS.map(({ name }) => name)]
  const options = Object.keys(values).filter((name) => name !== 'write')
  const unknown = [...options, ...positionals.filter((name) => !known.includes(name))]
  if (unknown.length > 0) {
    process.stderr.write(`Unknown: ${unknown.join(', ')}. Known: --write, ${known.join(', ')}\n`)
    process.exitCode = 2
    return { chosen: [], write: false }
  }
  const isChosen = ({ name, language }: LibraryTest) =>
    positionals.length === 0 || positionals.includes(name) || positionals.includes(language)
  return { chosen: LIBRARY_TESTS.filter(isChosen), write: values.write === true }
}
