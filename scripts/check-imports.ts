/**
 * The folders are the diagram, and this keeps it true: who may import whom.
 *
 * Without it an import in the wrong direction works, is convenient, and the walls are gone in a month.
 * It reads import statements as text, which is enough for ES modules that are written by hand.
 */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a package may import of ours. A row missing here is an error. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  oauth: [],
  telemetry: [],
  sdk: ['oauth', 'telemetry'],
  platform: [],
  auth: ['oauth', 'platform'],
  api: ['oauth', 'telemetry', 'platform'],
  cli: ['auth', 'api', 'oauth', 'telemetry', 'platform'],
}

/** Within a package: files under the first path import nothing under the second. */
const FLOORS: readonly (readonly [string, string])[] = [
  ['oauth/src/protocol/', 'oauth/src/client/'],
  ['oauth/src/protocol/', 'oauth/src/resource-server/'],
  ['oauth/src/client/', 'oauth/src/resource-server/'],
  ['oauth/src/resource-server/', 'oauth/src/client/'],
  ['oauth/src/protocol/', 'oauth/src/transport/'],
  ['oauth/src/transport/', 'oauth/src/client/'],
  ['oauth/src/transport/', 'oauth/src/resource-server/'],
  ['oauth/src/client/', 'oauth/src/node/'],
  ['oauth/src/resource-server/', 'oauth/src/node/'],
  ['platform/src/storage/', 'platform/src/http/'],
  ['platform/src/metrics/', 'platform/src/http/'],
  ['platform/src/logging/', 'platform/src/http/'],
  ['auth/src/store/', 'auth/src/http/'],
  ['auth/src/clients/', 'auth/src/grants/'],
  ['auth/src/clients/', 'auth/src/tokens/'],
  ['auth/src/grants/', 'auth/src/http/'],
  ['auth/src/tokens/', 'auth/src/http/'],
  ['auth/src/keys/', 'auth/src/http/'],
  ['api/src/store/', 'api/src/http/'],
  ['api/src/store/', 'api/src/track/'],
  ['api/src/track/', 'api/src/http/'],
]

/** Outside libraries that stay behind a wall. */
const WALLS: readonly { readonly module: RegExp; readonly allowed: RegExp }[] = [
  { module: /^fastify$/, allowed: /^[a-z]+\/src\/http\// },
  { module: /^pino$/, allowed: /^platform\/src\/logging\/|\.test\.ts$/ },
  { module: /^@prometheus-io\/client$/, allowed: /^platform\/src\/metrics\/prometheus\.ts$/ },
  { module: /^commander$/, allowed: /^cli\/src\/(words\/.*|program|report-error)\.ts$/ },
  { module: /^node:sqlite$/, allowed: /^(platform\/src\/storage|[a-z]+\/src\/store\/sqlite)\// },
  // Published packages run where there is no Node; what needs it is a subpath of its own.
  {
    module: /^node:/,
    allowed: /^(?!(oauth|telemetry|sdk)\/)|^(oauth|sdk)\/src\/node\/|\.test\.ts$/,
  },
  // Loaded for postgres: URLs only, so whoever opens a store imports it dynamically.
  { module: /^pg$/, allowed: /^platform\/src\/(storage\/postgres|testing)\// },
  {
    module: /^@modulariot\/(platform\/(postgres|copy)|auth\/postgres|api\/postgres)$/,
    allowed: /^[a-z]+\/src\/store\/postgres\/|^cli\/src\/(stores|move)\.ts$|\.test\.ts$/,
  },
]

export interface SourceFile {
  /** Relative to `packages/`, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** A line for each import that breaks a rule, and each cycle between files. */
export function findFaults(files: readonly SourceFile[]): string[] {
  const faults: string[] = []
  const edges = new Map<string, string[]>()
  for (const file of files) {
    const imports = importsOf(file.text)
    for (const name of imports) faults.push(...faultsOf(file.path, name))
    edges.set(
      file.path,
      imports.filter((name) => name.startsWith('.')).map((name) => join(dirname(file.path), name)),
    )
    if (
      /\bprocess\.env\b/.test(file.text) &&
      !/^cli\/src\/main\.ts$|^(oauth|sdk)\/src\/node\/|\.test\.ts$/.test(file.path)
    ) {
      faults.push(`${file.path}: process.env is read in cli/src/main.ts and src/node/ only`)
    }
  }
  return [...faults, ...findCycles(edges)]
}

/** `import type` counts too for direction; erased at run time, it still ties two rooms together. */
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
  for (const [from, to] of FLOORS) {
    if (path.startsWith(from) && target?.startsWith(to))
      faults.push(`${path}: ${from} may not import ${to}`)
  }
  for (const { module, allowed } of WALLS) {
    if (module.test(name) && !allowed.test(path)) faults.push(`${path}: ${name} has no place here`)
  }
  return faults
}

/** Cycles along relative imports, each named once. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const faults: string[] = []
  const done = new Set<string>()
  function visit(path: string, trail: readonly string[]): void {
    if (trail.includes(path)) {
      faults.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`)
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return faults
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = fileURLToPath(new URL('../packages/', import.meta.url))
  const files = globSync('*/src/**/*.ts', { cwd: packages }).map((path) => ({
    path: relative('.', path).replaceAll('\\', '/'),
    text: readFileSync(join(packages, path), 'utf8'),
  }))
  const faults = findFaults(files)
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.stdout.write(`${files.length} files, ${faults.length} faults\n`)
  process.exitCode = faults.length === 0 && files.length > 0 ? 0 : 1
}
