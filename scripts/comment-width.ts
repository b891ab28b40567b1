/**
 * Comments end at column 100, like code: Biome wraps code only.
 *
 * `node scripts/comment-width.ts` lists every longer line, `--write` wraps it (`npm run format`). A
 * comment is a line that begins with `//`, `/**` or `*`. Tables, fenced code, directives of tools
 * and words longer than a line are left unchanged.
 */

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAX_COLUMNS = 100

const FOLDERS =
  '{packages/*/{src,build,test},conformance,faults,bench,scripts,examples}/**/*.{ts,tsx}'
/** Generated. */
const SKIPPED = /\.d\.ts$/

/** The start of a comment line before its text, and the text. */
const COMMENT = /^(\s*(?:\*|\/\/) )(\s*)(\S.*)$/
const ONE_LINE_BLOCK = /^(\s*)\/\*\* (.*) \*\/$/
const FENCE = /^\s*(?:\*|\/\/)\s*```/
/** Directives of tools, one per line; and tables. */
const LEFT_ALONE = /^(?:biome-ignore|@ts-|\||eslint|prettier)/

/** Items of a list and tags, whose following lines are indented. */
const HANGING = /^(?:[-*•] |\d+\. |@\w+)/

/** The text with every comment wrapped; the same when none is too long. */
export function wrapComments(text: string): string {
  const lines = text.split('\n')
  const wrapped: string[] = []
  let fenced = false
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (FENCE.test(line)) fenced = !fenced
    const block = line.length > MAX_COLUMNS ? ONE_LINE_BLOCK.exec(line) : null
    if (block !== null && !LEFT_ALONE.test(block[2] as string)) {
      const [, indent = '', body = ''] = block
      wrapped.push(`${indent}/**`)
      lines.unshift(`${indent} * ${body}`, `${indent} */`)
      continue
    }
    const rest = fenced ? null : restOf(line)
    if (rest === null) {
      wrapped.push(line)
      continue
    }
    wrapped.push(rest.kept)
    const next = COMMENT.exec(lines[0] ?? '')
    const goesOn =
      next !== null &&
      next[1] === rest.prefix &&
      next[2] === rest.indent &&
      !HANGING.test(next[3] as string) &&
      !LEFT_ALONE.test(next[3] as string)
    const more = goesOn ? ` ${next[3]}` : ''
    if (goesOn) lines.shift()
    lines.unshift(`${rest.prefix}${rest.indent}${rest.text}${more}`)
  }
  return wrapped.join('\n')
}

interface Rest {
  /** The line up to the last word that fits. */
  readonly kept: string
  readonly prefix: string
  /** The text of the next line, after the prefix. */
  readonly indent: string
  readonly text: string
}

/** The words that do not fit on a line of a comment; null if all do, or none can be moved. */
function restOf(line: string): Rest | null {
  if (line.length <= MAX_COLUMNS) return null
  const [, prefix = '', indent = '', text = ''] = COMMENT.exec(line) ?? []
  if (prefix === '' || LEFT_ALONE.test(text)) return null
  const start = prefix.length + indent.length
  const cut = line.lastIndexOf(' ', MAX_COLUMNS)
  if (cut <= start) return null
  return {
    kept: line.slice(0, cut),
    prefix,
    indent: HANGING.test(text) ? `${indent}  ` : indent,
    text: line.slice(cut + 1),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('../', import.meta.url))
  let long = 0
  for (const path of globSync(FOLDERS, { cwd: root })) {
    if (SKIPPED.test(path)) continue
    const file = join(root, path)
    const text = readFileSync(file, 'utf8')
    const wrapped = wrapComments(text)
    if (wrapped === text) continue
    if (process.argv.includes('--write')) writeFileSync(file, wrapped)
    else {
      long++
      process.stderr.write(`${relative(root, file)}: comments go past column ${MAX_COLUMNS}\n`)
    }
  }
  if (long > 0) process.stderr.write('npm run format wraps them\n')
  process.exitCode = long > 0 ? 1 : 0
}
