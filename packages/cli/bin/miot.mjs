#!/usr/bin/env node
/**
 * Starts `miot` on the Node version pinned by this project, which runs TypeScript directly. This file
 * is plain JavaScript, so that an older Node can run it.
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

// Compiled code is kept in the user's own folder, which halves the start. In the system's folder
// for temporary files, other users could put code there first.
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
if (isCreated(cache) && isCreated(join(cache, 'modulariot'))) {
  process.env.NODE_COMPILE_CACHE ??= join(cache, 'modulariot')
}

/** Node would create it, too, but would try without end in a place such as /proc. */
function isCreated(directory) {
  try {
    mkdirSync(directory, { mode: 0o700 })
    return true
  } catch (error) {
    return error.code === 'EEXIST'
  }
}

if (Number.parseInt(process.versions.node, 10) >= 26) {
  if (process.env.NODE_COMPILE_CACHE) module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
  await import('../src/main.ts')
} else {
  const node = module.createRequire(import.meta.url).resolve('node/bin/node')
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 1
  })
}
