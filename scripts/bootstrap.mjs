/**
 * Installs missing packages, then runs a program on the pinned Node:
 *
 *     node scripts/bootstrap.mjs [--dev] [--build] [packages/cli/src/main.ts serve]
 *
 * so that `npm start` and every other script work on a fresh clone, and after one another: what
 * `npm start` installs is not enough for the others. Plain JavaScript without dependencies:
 * it runs on the machine's own Node, before the pinned one (the `node` package) is installed.
 * With `--build` it builds the web page when its sources have changed, and then the program, for the
 * next start.
 * Without `--dev` it installs only what serving needs, without the tools of tests and benches. It
 * starts the program itself because a shell that has cached the path of one `node` keeps using it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const flags = process.argv.slice(2).filter((word) => word === '--dev' || word === '--build')
const dev = flags.includes('--dev')

/**
 * Settings of ModularIoT and of PostgreSQL clients: keys, secrets, passwords. Packages' install
 * scripts do not get them, nor do tests and benches, which must not reach the user's installation.
 */
const SETTINGS = /^(MIOT_|PG)/i

const program = process.argv.slice(2 + flags.length)

if (!isInstalled()) install()
if (flags.includes('--build')) {
  if (process.env.MIOT_CONSOLE !== 'off') await buildConsole()
  buildProgram()
}
if (program.length > 0) run(program)

/**
 * True if node_modules holds everything in package-lock.json; the development packages only with
 * `--dev`.
 */
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
  // --loglevel=error: npm would warn that the machine's own Node is older than packages require,
  // but they run on the pinned Node.
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

/** The server also starts without the page, so a build that fails only warns. */
async function buildConsole() {
  const { isBuilt } = await import('../packages/console/build/sources.mjs')
  if (isBuilt()) return
  const build = join(root, 'packages', 'console', 'build', 'build.ts')
  const { status } = spawnSync(pinnedNode(), [build], {
    cwd: root,
    env: withoutSettings(),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) {
    process.stderr.write('The console was not built; the server starts without it.\n')
  }
}

/**
 * For the next start, which takes less processor time then. This one does not wait for it and runs
 * the sources, if they have changed since the last build.
 */
function buildProgram() {
  const build = spawn(pinnedNode(), [join(root, 'packages', 'cli', 'build', 'build.ts')], {
    cwd: root,
    env: withoutSettings(),
    stdio: 'ignore',
  })
  // A folder that cannot be written, for example: then the sources run.
  build.on('error', () => {})
  build.unref()
  if (build.pid !== undefined) setPriority(build.pid, constants.priority.PRIORITY_LOW)
}

/** Exits with the program's status, and forwards signals to it. */
function run(args) {
  const program = spawn(pinnedNode(), args, {
    // Keeps compiled code between runs: loading modules takes most of a short run.
    env: {
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
      ...(dev ? withoutSettings() : process.env),
    },
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => program.kill(signal))
  }
  // npm runs scripts in a shell that does not forward SIGTERM: a lost parent means a SIGTERM.
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
