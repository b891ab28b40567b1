/**
 * Installs what is missing, then runs a program on the pinned Node:
 *
 *     node scripts/bootstrap.mjs [--dev] packages/cli/src/main.ts serve
 *
 * so that `npm start` and `npm test` work on a fresh clone. Plain JavaScript without dependencies: it runs
 * on whatever Node the machine has, before the pinned one (the `node` package) is there. Without `--dev`
 * it installs what serving needs and leaves out what tests and benches need. It starts the
 * program itself because a shell that has found one `node` goes on using it, whatever was installed since.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const dev = process.argv[2] === '--dev'

/**
 * Settings of ModularIoT and of PostgreSQL clients: keys, secrets, passwords. Packages' install scripts get
 * none of them, and neither do tests and benches, which must not reach the installation of their user.
 */
const SETTINGS = /^(MIOT_|PG)/i

if (!isInstalled()) install()
run(process.argv.slice(dev ? 3 : 2))

/** True when node_modules holds what package-lock.json asks for, with `--dev` all of it. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed) || !existsSync(pinnedNode())) return false
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(want).every(
    ([path, entry]) =>
      path === '' ||
      entry.optional ||
      entry.link ||
      (entry.dev && !dev) ||
      have[path]?.version === entry.version,
  )
}

function install() {
  process.stdout.write('Installing dependencies (once, about half a minute) …\n')
  // --loglevel=error: npm would warn that the machine's own Node is older than packages ask for, but
  // they run on the pinned Node, never on that one.
  const npm = spawnSync(
    'npm',
    ['ci', ...(dev ? [] : ['--omit=dev']), '--no-fund', '--no-audit', '--loglevel=error'],
    {
      cwd: root,
      env: withoutSettings(),
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    },
  )
  if (npm.status !== 0) {
    process.stderr.write('npm ci failed. Check the network, then run the same command again.\n')
    process.exit(1)
  }
}

/** Ends as the program ends, and passes on what asks it to. */
function run(args) {
  const program = spawn(pinnedNode(), args, {
    env: dev ? withoutSettings() : process.env,
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => program.kill(signal))
  }
  // npm runs scripts in a shell that keeps a SIGTERM to itself: who has lost its parent was meant.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    program.kill('SIGTERM')
  }, 200)
  program.on('exit', (code, signal) => {
    clearInterval(watch)
    process.exitCode = signal === null ? (code ?? 1) : 1
  })
}

function withoutSettings() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)))
}

function pinnedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  return join(root, 'node_modules', 'node', 'bin', name)
}
