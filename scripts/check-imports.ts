/**
 * Checks the direction of imports between folders, including type imports, and that they form no
 * cycle.
 *
 * Without this check an import in the wrong direction works and is convenient, and a month later
 * every folder depends on every other. It reads import statements as text, which is enough for ES
 * modules written by hand. Tests may import anything.
 */

import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The packages of ours that each package may import. A missing row is an error. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  oauth: [],
  // The builder of schemas only, see WALLS; the published package is built without it.
  telemetry: ['platform'],
  sdk: ['oauth', 'telemetry'],
  platform: [],
  auth: ['oauth', 'platform'],
  api: ['oauth', 'telemetry', 'platform'],
  // In a browser, it knows the servers by their OpenAPI documents; of their code it has the
  // readers and writers of files that run there too, see WALLS.
  console: ['auth', 'platform'],
  cli: ['auth', 'api', 'sdk', 'oauth', 'telemetry', 'platform'],
}

/** Outside libraries that only some folders may import. */
const WALLS: readonly { readonly module: RegExp; readonly allowed: RegExp }[] = [
  { module: /^fastify$/, allowed: /^[a-z]+\/src\/http\// },
  { module: /^pino$/, allowed: /^platform\/src\/logging\/|\.test\.ts$/ },
  { module: /^@prometheus-io\/client$/, allowed: /^platform\/src\/metrics\/prometheus\.ts$/ },
  {
    module: /^commander$/,
    allowed:
      /^cli\/src\/(.*\/commands|command\/(choice-options|client-options|option-values)|errors\/report-error|program)\.ts$/,
  },
  // The accounts of persons, behind a few doors. All of it is loaded when it is first needed.
  {
    module: /^(better-auth|kysely)\b/,
    allowed: /^auth\/src\/people\/(better-auth-\w+|dialect)\.ts$|\.test\.ts$/,
  },
  { module: /^nodemailer$/, allowed: /^auth\/src\/people\/mail\.ts$/ },
  { module: /^csv-parse/, allowed: /^auth\/src\/client-file\/rows\.ts$/ },
  { module: /^typebox\b/, allowed: /^platform\/src\/schema\/|\.test\.ts$/ },
  { module: /^@modulariot\/platform(?!\/schema$)/, allowed: /^(?!telemetry\/)/ },
  // The page imports what runs in a browser.
  {
    module: /^@modulariot\/(auth(?!\/client-file$)|platform(?!\/csv-line$))/,
    allowed: /^(?!console\/)/,
  },
  // It can end the process or corrupt its memory.
  { module: /^node:ffi$/, allowed: /^platform\/src\/native\// },
  { module: /^node:sqlite$/, allowed: /^(platform\/src\/storage|[a-z]+\/src\/store\/sqlite)\// },
  // Published packages also run without Node; code that needs it is in a subpath of its own.
  {
    module: /^node:/,
    allowed:
      /^(?!(oauth|telemetry|sdk|console|auth\/src\/client-file|platform\/src\/lines)\/)|^(oauth|sdk)\/src\/node\/|\.test\.ts$/,
  },
  // Loaded for postgres: URLs only, so it has to be imported dynamically.
  { module: /^pg$/, allowed: /^platform\/src\/(storage\/postgres|testing)\// },
  {
    module: /^@modulariot\/(platform\/(postgres|copy)|auth\/postgres|api\/postgres)$/,
    allowed:
      /^[a-z]+\/src\/store\/postgres\/|^cli\/src\/(stores\/(database-size|(open|move)-stores)|backup\/postgres-(backup|restore))\.ts$|\.test\.ts$/,
  },
]

export interface SourceFile {
  /** Relative to `packages/`, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** A line for each import that breaks a rule, and for each cycle of files or folders. */
export function findFaults(files: readonly SourceFile[]): string[] {
  const faults: string[] = []
  const fileImports: Imports = new Map()
  const folderImports: Imports = new Map()
  for (const file of files) {
    const names = importsOf(file.text)
    faults.push(...names.flatMap((name) => faultsOf(file.path, name)))
    const targets = names
      .filter((name) => name.startsWith('.'))
      .map((name) => join(dirname(file.path), name))
    for (const target of targets) {
      addImport(fileImports, file.path, target, '')
      if (file.path.endsWith('.test.ts') || dirname(file.path) === dirname(target)) continue
      addImport(folderImports, dirname(file.path), dirname(target), file.path)
    }
    if (
      /\bprocess\.env\b/.test(file.text) &&
      !/^cli\/src\/(miot|serve\/worker-main)\.ts$|^(oauth|sdk)\/src\/node\/|\.test\.ts$/.test(
        file.path,
      )
    ) {
      faults.push(
        `${file.path}: process.env is read in the entry points of cli and in src/node/ only`,
      )
    }
  }
  return [...faults, ...findCircles(fileImports), ...findCircles(folderImports)]
}

/** From each file or folder to those it imports, with a file that does so. */
type Imports = Map<string, Map<string, string>>

function addImport(imports: Imports, from: string, to: string, example: string): void {
  const targets = imports.get(from) ?? new Map<string, string>()
  imports.set(from, targets)
  if (!targets.has(to)) targets.set(to, example)
}

/** `import type` counts, too: it is erased at run time, but still couples two folders. */
function importsOf(text: string): string[] {
  const pattern =
    /^\s*(?:import|export)\b[^'"`;]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]/gm
  return [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3]) as string)
}

function faultsOf(path: string, name: string): string[] {
  const faults: string[] = []
  const own = path.split('/')[0] as string
  const other = /^@modulariot\/([a-z]+)/.exec(name)?.[1]
  if (other !== undefined && other !== own && !PACKAGES[own]?.includes(other)) {
    faults.push(`${path}: ${own} may not import ${other}`)
  }
  if (other === own) faults.push(`${path}: import ${name} by its relative path`)
  const target = name.startsWith('.') ? join(dirname(path), name) : null
  if (target !== null && !target.startsWith(`${own}/src/`)) {
    faults.push(`${path}: ${name} leaves the package; import it by the package's name`)
  }
  for (const { module, allowed } of WALLS) {
    if (module.test(name) && !allowed.test(path)) faults.push(`${path}: ${name} has no place here`)
  }
  return faults
}

/** Cycles of imports, each named once, with a file for each step between folders. */
function findCircles(imports: Imports): string[] {
  const faults: string[] = []
  const done = new Set<string>()
  function visit(place: string, trail: readonly string[]): void {
    if (trail.includes(place)) {
      faults.push(`circle: ${describe([...trail.slice(trail.indexOf(place)), place], imports)}`)
      return
    }
    if (done.has(place)) return
    for (const next of imports.get(place)?.keys() ?? []) visit(next, [...trail, place])
    done.add(place)
  }
  for (const place of imports.keys()) visit(place, [])
  return faults
}

function describe(circle: readonly string[], imports: Imports): string {
  return circle
    .map((place, index) => {
      const example = imports.get(place)?.get(circle[index + 1] ?? '')
      return example ? `${place} (${basename(example)})` : place
    })
    .join(' -> ')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = fileURLToPath(new URL('../packages/', import.meta.url))
  const files = globSync('*/src/**/*.{ts,tsx}', { cwd: packages }).map((path) => ({
    path: relative('.', path).replaceAll('\\', '/'),
    text: readFileSync(join(packages, path), 'utf8'),
  }))
  const faults = findFaults(files)
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.stdout.write(`${files.length} files, ${faults.length} faults\n`)
  process.exitCode = faults.length === 0 && files.length > 0 ? 0 : 1
}
