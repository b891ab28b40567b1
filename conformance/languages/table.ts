/** The table of docs/interop.md: its text, and what it says so far. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { LibraryTest } from './clients.ts'
import { LANGUAGES, type Language } from './toolchains.ts'

export const PAGE = fileURLToPath(new URL('../../docs/interop.md', import.meta.url))
const BEGIN = '<!-- Written by `npm run conformance -- languages --write`. -->\n\n'
const END = '\n\n<!-- End of what is written. -->'
const HEAD = '| Library | Version | Registry | What | Result | Name |\n|---|---|---|---|---|---|'

/** @returns a row for each test, in their order. A result that is not given stays as it is. */
export function tableOf(
  tests: readonly LibraryTest[],
  results: ReadonlyMap<string, string>,
  page: string,
): string {
  const rows = tests.map((test) => {
    const { name, language, what } = test
    const result = results.get(name) ?? resultIn(page, name) ?? 'not run'
    const { registry } = LANGUAGES[language]
    const cells = [`\`${test.package}\``, versionOf(test), registry, what, result, `\`${name}\``]
    return `| ${cells.join(' | ')} |`
  })
  return [HEAD, ...rows].join('\n')
}

export function readPage(): string {
  return readFileSync(PAGE, 'utf8')
}

/** @throws where the page has no place for it. */
export function tableIn(page: string): string {
  const { begin, end } = placeIn(page)
  return page.slice(begin, end)
}

export function writeTable(page: string, table: string): void {
  const { begin, end } = placeIn(page)
  writeFileSync(PAGE, page.slice(0, begin) + table + page.slice(end))
}

/** As pinned in the manifest. */
export function versionOf(test: LibraryTest): string {
  const { folder, manifest, versionOf: pattern }: Language = LANGUAGES[test.language]
  const file = new URL(`${folder}/${test.manifest ?? manifest}`, import.meta.url)
  const [, version] = readFileSync(file, 'utf8').match(pattern(test.pinnedBy ?? test.package)) ?? []
  if (version === undefined) throw new Error(`${test.package} is not pinned in ${file.pathname}`)
  return version
}

/** What the page says about a test. */
export function resultIn(page: string, name: string): string | undefined {
  const row = tableIn(page)
    .split('\n')
    .find((line) => line.endsWith(`| \`${name}\` |`))
  return row?.split(' | ').at(-2)
}

function placeIn(page: string): { begin: number; end: number } {
  const begin = page.indexOf(BEGIN) + BEGIN.length
  const end = page.indexOf(END, begin)
  if (begin < BEGIN.length || end < 0) throw new Error('docs/interop.md has no place for the table')
  return { begin, end }
}
