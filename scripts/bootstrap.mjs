/**
 * Installs what is missing, so that `npm start` and `npm test` work on a fresh clone.
 *
 * Plain JavaScript without dependencies: it runs on whatever Node the machine has, before the pinned
 * Node (the `node` package in package.json) is there. npm puts node_modules/.bin first on the PATH, so
 * every command after this one in an npm script runs on the pinned Node.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

if (!isInstalled()) {
  process.stdout.write('Installing dependencies (once, about half a minute) …\n')
  // --loglevel=error: npm would warn that the machine's own Node is older than packages ask for, but
  // they run on the pinned Node, never on that one.
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (npm.status !== 0) {
    process.stderr.write('npm ci failed. Check the network, then run the same command again.\n')
    process.exit(1)
  }
}

/** True when node_modules holds exactly what package-lock.json asks for. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed) || !existsSync(join(root, 'node_modules', '.bin', 'node')))
    return false
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(want).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.link || have[path]?.version === entry.version,
  )
}
