/**
 * Builds the published packages into `packages/<name>/dist`, from where `npm publish` and `npm
 * pack` work.
 *
 * Within the repository a package's `exports` point at its TypeScript, and nothing is built. Node
 * strips no types inside node_modules and other runtimes resolve no `.ts` files, so the published
 * form is JavaScript, declarations, and a package.json of its own whose `exports` point at those.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { plainTelemetry } from './plain-telemetry.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** In the order of their dependencies. */
export const PUBLISHED = ['oauth', 'telemetry', 'sdk'] as const
export type Published = (typeof PUBLISHED)[number]

/** Replaced files, by package: path below the build, text. */
const REPLACED: Partial<Record<Published, () => Record<string, string>>> = {
  telemetry: plainTelemetry,
}

/** Members that only the source manifest needs. */
const BUILD_ONLY = new Set(['@modulariot/platform'])

/**
 * Builds all of them.
 *
 * @param target a directory that gets one folder per package; each package's own `dist` by default.
 * @returns the folder of each package.
 */
export function buildPackages(target?: string): Record<Published, string> {
  const compiled = mkdtempSync(join(tmpdir(), 'miot-build-'))
  try {
    compile(compiled)
    const folders = PUBLISHED.map((name) => {
      const folder =
        target === undefined ? join(ROOT, 'packages', name, 'dist') : join(target, name)
      assemble(name, join(compiled, name, 'src'), folder)
      return [name, folder] as const
    })
    return Object.fromEntries(folders) as Record<Published, string>
  } finally {
    rmSync(compiled, { recursive: true, force: true })
  }
}

/** One TypeScript program for all packages, because they use each other's sources. */
function compile(outDir: string): void {
  const project = join(outDir, 'tsconfig.json')
  const entries = PUBLISHED.flatMap((name) =>
    Object.entries(manifestOf(name).exports).map(([entry, path]) => ({
      specifier: join('@modulariot', name, entry).replaceAll('\\', '/'),
      path: join(ROOT, 'packages', name, path),
    })),
  )
  const config = {
    extends: `${ROOT}tsconfig.json`,
    compilerOptions: {
      target: 'es2023',
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: `${ROOT}packages`,
      outDir,
      typeRoots: [`${ROOT}node_modules/@types`],
      // TypeScript 7 reads files in parallel. What it happens to find below node_modules first, by
      // the links there, it takes for an outside library, and leaves out of the build.
      paths: Object.fromEntries(entries.map(({ specifier, path }) => [specifier, [path]])),
    },
    // Modules that no entry imports (tests, their tools) are not published.
    files: entries.map(({ path }) => path),
    include: [],
  }
  writeFileSync(project, JSON.stringify(config))
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], {
    env: environmentWithoutSettings(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The packages do not compile:\n${stdout}`)
}

function assemble(name: Published, compiled: string, folder: string): void {
  const source = join(ROOT, 'packages', name)
  rmSync(folder, { recursive: true, force: true })
  cpSync(compiled, folder, { recursive: true })
  for (const [path, text] of Object.entries(REPLACED[name]?.() ?? {})) {
    writeFileSync(join(folder, path), text)
  }
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify(publishedManifest(manifestOf(name)), null, 2)}\n`,
  )
  cpSync(join(source, 'README.md'), join(folder, 'README.md'))
  for (const file of ['LICENSE', 'NOTICE']) cpSync(join(ROOT, file), join(folder, file))
}

function manifestOf(name: Published): Manifest {
  return JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8'))
}

interface Manifest {
  readonly version: string
  readonly private: true
  readonly scripts: object
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * `./src/client/index.ts` becomes `./client/index.js` and its declarations; `*` becomes this
 * version. The members that prevent publishing the source folder are removed.
 */
export function publishedManifest(manifest: Manifest): object {
  const { exports, dependencies = {}, private: _private, scripts: _scripts, ...rest } = manifest
  const entries = Object.entries(exports).map(([name, path]) => {
    const stem = path.replace('./src/', './').replace(/\.ts$/, '')
    return [name, { types: `${stem}.d.ts`, default: `${stem}.js` }]
  })
  const needed = Object.entries(dependencies)
    .filter(([name]) => !BUILD_ONLY.has(name))
    .map(([name, range]) => [name, range === '*' ? manifest.version : range])
  return {
    ...rest,
    exports: Object.fromEntries(entries),
    ...(needed.length > 0 && { dependencies: Object.fromEntries(needed) }),
  }
}

/** The web page, into `packages/console/dist`, unless it is there already. */
export function buildConsole(): void {
  const build = join(ROOT, 'packages', 'console', 'build', 'build.ts')
  const { status } = spawnSync(process.execPath, [build], {
    env: environmentWithoutSettings(),
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('The console was not built')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const folder of Object.values(buildPackages())) process.stdout.write(`${folder}\n`)
  buildConsole()
}
