/**
 * Builds `miot` into `dist/`: the modules of ours and of libraries, in a few files. What is loaded
 * only when it is needed stays in files of its own.
 *
 * Nothing depends on it: without it, or when a source has changed since, `src/main.ts` runs the
 * sources.
 */

import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'rolldown'
import { type Built, builtProgram, RECORD, statesOf } from '../src/built-program.ts'

const PACKAGE = fileURLToPath(new URL('../', import.meta.url))
const DIST = fileURLToPath(new URL('./', RECORD))
/** In turn: a server that runs the previous build still loads files of it. */
const FOLDERS = ['a', 'b'] as const
const PROGRAM = 'src/miot.ts'
/**
 * What threads and other processes run. The module that starts one names it
 * `new URL('./<name>.ts', import.meta.url)`.
 */
const STARTED = [
  'src/serve/worker-main.ts',
  '../api/src/ingest/heavy-thread.ts',
  '../api/src/store/sqlite/reader-thread.ts',
  '../api/src/store/sqlite/writer-thread.ts',
]

/** @throws Error when a module is missing, or changes during the build. */
export async function buildProgram(): Promise<void> {
  const started = Date.now()
  // Two builds may run at once, as with `npm test` in two terminals: each has its own place, and
  // the later one replaces the other's result, which is the same.
  const place = join(DIST, `building.${process.pid}`)
  try {
    const inputs = statesOf(await bundle(place))
    const changed = inputs.filter(([, , modifiedMs]) => modifiedMs >= started)
    if (changed.length > 0) throw new Error(`Changed during the build: ${changed[0]?.[0]}`)
    const folder = FOLDERS.find((name) => name !== currentFolder()) as string
    rmSync(join(DIST, folder), { recursive: true, force: true })
    renameSync(place, join(DIST, folder))
    const built: Built = { program: `${folder}/${nameOf(PROGRAM)}.js`, inputs }
    const next = fileURLToPath(new URL(`built.${process.pid}.json`, RECORD))
    writeFileSync(next, JSON.stringify(built))
    renameSync(next, RECORD)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function currentFolder(): string | null {
  try {
    const { program } = JSON.parse(readFileSync(RECORD, 'utf8')) as Built
    return program.split('/')[0] as string
  } catch {
    return null
  }
}

/** @returns the files of ours that it depends on, relative to the package. */
async function bundle(folder: string): Promise<string[]> {
  // Not needed to find that there is nothing to do.
  const { rolldown } = await import('rolldown')
  const bundler = await rolldown({
    input: Object.fromEntries(
      [PROGRAM, ...STARTED].map((path) => [nameOf(path), join(PACKAGE, path)]),
    ),
    platform: 'node',
    plugins: [keepPlaces(folder), inAscii()],
    onwarn(warning) {
      throw new Error(warning.message)
    },
  })
  await bundler.write({
    dir: folder,
    cleanDir: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  const read = await bundler.watchFiles
  await bundler.close()
  const ours = read.filter((path) => !/[\\/]node_modules[\\/]/.test(path))
  const manifests = globSync('../*/package.json', { cwd: PACKAGE })
  return [...ours.map((path) => relative(PACKAGE, path)), ...manifests]
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
}

/**
 * A module that finds files by its own place finds them beside its source, but what a thread or a
 * process runs beside the build.
 */
function keepPlaces(folder: string): Plugin {
  return {
    name: 'keep places',
    transform(code, id) {
      if (!id.endsWith('.ts') || !code.includes('import.meta.url')) return null
      const source = JSON.stringify(relative(folder, id).replaceAll('\\', '/'))
      const placed = code.replaceAll(
        /new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)|import\.meta\.url/g,
        (_, started?: string) => {
          if (started === undefined) return `new URL(${source}, import.meta.url).href`
          if (!STARTED.some((path) => nameOf(path) === started)) {
            throw new Error(`${id}: ${started}.ts is not in STARTED`)
          }
          return `new URL('./${started}.js', import.meta.url)`
        },
      )
      // No line has moved.
      return { code: placed, map: null }
    },
  }
}

/**
 * V8 keeps the text of each module, with two bytes for every character if one needs them. Outside
 * of comments, the escapes mean the same wherever they stand, but in `String.raw`.
 */
function inAscii(): Plugin {
  const escaped = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return {
    name: 'in ASCII',
    generateBundle(_options, files) {
      for (const file of Object.values(files)) {
        if (file.type === 'chunk') file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped)
      }
    },
  }
}

function nameOf(path: string): string {
  return basename(path, '.ts')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (builtProgram() !== null && !process.argv.includes('--force')) {
    process.stdout.write('The program is built.\n')
  } else {
    process.stdout.write('Building the program (once, a few seconds) …\n')
    mkdirSync(DIST, { recursive: true })
    await buildProgram()
  }
}
