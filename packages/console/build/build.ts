/**
 * Builds the page into `dist/`, each file also compressed, and refuses one whose first load is too
 * large. Prints one line.
 */

import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { type Chunk, firstLoad, MAX_FIRST_LOAD_BYTES } from './first-load.ts'
import { DIST, hashOfSources, isBuilt, RECORD } from './sources.mjs'

/** Below this, compression hardly saves anything. */
const MIN_COMPRESSED_BYTES = 1024

/** @throws Error when the page does not compile or its first load is too large. */
export async function buildConsole(): Promise<{ readonly firstLoadBytes: number }> {
  const sources = hashOfSources()
  const next = `${DIST}.${process.pid}`
  rmSync(next, { recursive: true, force: true })
  try {
    // 1. Compile.
    await build({
      configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
      logLevel: 'error',
      build: { outDir: next, emptyOutDir: true },
    })
    // 2. Compress.
    const sizes = new Map<string, number>()
    for (const name of globSync('**/*.{html,js,mjs,css,svg}', { cwd: next })) {
      sizes.set(name.replaceAll('\\', '/'), compress(join(next, name)))
    }
    // 3. Measure.
    const manifestPath = join(next, 'manifest.json')
    const manifest: Record<string, Chunk> = JSON.parse(readFileSync(manifestPath, 'utf8'))
    rmSync(manifestPath)
    const files = ['index.html', ...firstLoad(manifest)]
    const firstLoadBytes = files.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)
    if (firstLoadBytes > MAX_FIRST_LOAD_BYTES) {
      const sized = files.map((name) => `  ${name} ${sizes.get(name)}\n`).join('')
      throw new Error(
        `The first load is ${firstLoadBytes} bytes, of ${MAX_FIRST_LOAD_BYTES} allowed:\n${sized}`,
      )
    }
    // 4. Replace the previous page.
    writeFileSync(join(next, 'built.json'), `${JSON.stringify({ sources, firstLoadBytes })}\n`)
    rmSync(DIST, { recursive: true, force: true })
    renameSync(next, DIST)
    return { firstLoadBytes }
  } finally {
    rmSync(next, { recursive: true, force: true })
  }
}

/** Writes `<path>.gz` where that helps. @returns the bytes that a browser receives. */
function compress(path: string): number {
  const body = readFileSync(path)
  if (body.length < MIN_COMPRESSED_BYTES) return body.length
  const compressed = gzipSync(body, { level: 9 })
  writeFileSync(`${path}.gz`, compressed)
  return compressed.length
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (isBuilt() && existsSync(RECORD) && !process.argv.includes('--force')) {
    process.stdout.write('The console is built.\n')
  } else {
    process.stdout.write('Building the console (once, a few seconds) …\n')
    const started = performance.now()
    const { firstLoadBytes } = await buildConsole()
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const kilobytes = (firstLoadBytes / 1000).toFixed(0)
    process.stdout.write(`Built in ${seconds} s; its first load is ${kilobytes} kB.\n`)
  }
}
