/** What `miot` loads to describe itself, and the version that it names, in a process of its own. */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { builtProgram } from './built-program.ts'
import { createInstallation } from './testing/small-installation.fixture.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
/** Runs the sources, also where there is a build. */
const PROGRAM = fileURLToPath(new URL('miot.ts', import.meta.url))
const ROOT = new URL('../../../', import.meta.url)

/** Writes its process and the URL of each module to standard error before it is loaded. */
const LIST_MODULES = `data:text/javascript,
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  registerHooks({ load: (url, context, next) => writeSync(2, process.pid + ' ' + url + '%5Cn') && next(url, context) })`

function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000, env })
}

/** Built in, of a library by its name, or of ours by its path. */
function modulesOf(
  command: readonly string[],
  env?: NodeJS.ProcessEnv,
  program = PROGRAM,
): string[] {
  const { status, stderr } = run(['--import', LIST_MODULES, program, ...command], env)
  assert.equal(status, 0, stderr)
  const urls = stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[1] as string)
  return urls.map((url) => {
    const library = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
    return library ?? url.replace(ROOT.href, '')
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}

describe('miot --help', () => {
  it('loads what describes the commands, and nothing that runs one', () => {
    for (const command of [['--help'], ['clients', 'create', '--help'], ['--version']]) {
      const modules = modulesOf(command)
      assert.ok(modules.includes('packages/cli/src/clients/commands.ts'), modules.join('\n'))
      const libraries = modules.filter((one) => !/^(packages\/|node:)/.test(one))
      assert.deepEqual([...new Set(libraries)], ['commander'])
      assert.deepEqual(
        modules.filter((one) =>
          /^node:(sqlite|https?|http2|tls|worker_threads)$|^packages\/(api|sdk|telemetry)\/|^packages\/(auth|platform)\/src\/(?:http\/mount|store\/|storage\/(?:index|open))|\/(doctor|backup|start-servers|with-admin)\.ts$/.test(
            one,
          ),
        ),
        [],
      )
    }
  })
})

describe('a command that reads the store', () => {
  it('loads no library that validates requests or serves HTTP', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-start-'))
    const data = join(folder.path, 'data')
    await createInstallation(data, '0'.repeat(64))
    const modules = modulesOf(['clients', 'list'], { MIOT_DATA_DIR: data })
    assert.ok(modules.includes('packages/auth/src/admin/clients.ts'), modules.join('\n'))
    const libraries = modules.filter((one) => !/^(packages\/|node:)/.test(one))
    assert.deepEqual([...new Set(libraries)].sort(), ['commander', 'jose'])
  })
})

describe('miot', () => {
  const skip = builtProgram() === null && 'NOT BUILT: npx node packages/cli/build/build.ts'
  it('runs the program that was built of the present sources, and none of these', { skip }, () => {
    const modules = modulesOf(['--version'], undefined, MAIN)
    assert.ok(modules.some((one) => /^packages\/cli\/dist\/[ab]\/miot\.js$/.test(one)))
    assert.deepEqual(
      modules.filter((one) => !/^(packages\/cli\/dist\/|node:)/.test(one)),
      ['packages/cli/src/main.ts', 'packages/cli/src/built-program.ts'],
    )
  })

  it('is built in ASCII: another character doubles what the text of a module takes', {
    skip,
  }, () => {
    const folder = fileURLToPath(new URL('.', builtProgram() as string))
    const files = readdirSync(folder).filter((name) => name.endsWith('.js'))
    const others = files.filter((name) =>
      /[^\0-\x7f]/.test(readFileSync(join(folder, name), 'utf8')),
    )
    assert.ok(files.length > 100)
    assert.deepEqual(others, [])
  })
})

describe('miot --version', () => {
  it('names the version, and the commit where Git or commit.txt knows it', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('packages/cli/package.json', ROOT), 'utf8'),
    ) as { version: string }
    const archived = readFileSync(new URL('packages/cli/commit.txt', ROOT), 'utf8').trim()
    const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' })
    const known = /^[0-9a-f]{40}$/.test(archived) ? archived : (git.stdout ?? '').trim()
    const commit = known === '' ? '' : ` (${known.slice(0, 7)})`
    for (const option of ['--version', '-V']) {
      const { status, stdout, stderr } = run([MAIN, option])
      assert.deepEqual([status, stdout, stderr], [0, `${version}${commit}\n`, ''])
    }
  })
})

describe('the supervisor of several workers', () => {
  it('loads no store and nothing that answers requests, but for the metrics page', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-start-'))
    const env = {
      MIOT_DATA_DIR: join(folder.path, 'data'),
      MIOT_PORT: String(await freePort()),
      MIOT_METRICS_PORT: '0',
      MIOT_LOG_LEVEL: 'silent',
    }
    const child = spawn(
      process.execPath,
      ['--import', LIST_MODULES, PROGRAM, 'serve', '--workers', '2'],
      { env },
    )
    const loaded = text(child.stderr)
    child.stdout.once('data', () => child.kill('SIGTERM'))
    const [status] = await once(child, 'exit')
    const lines = (await loaded).trimEnd().split('\n')
    assert.equal(status, 0, lines.join('\n'))
    const modules = lines.flatMap((line) => line.split(`${child.pid} `)[1] ?? [])
    assert.ok(
      modules.some((url) => url.endsWith('/serve/supervisor.ts')),
      lines.join('\n'),
    )
    const wrong =
      /^node:sqlite$|\/node_modules\/(fastify|jose|pg|better-auth)\/|\/(start-servers|server|worker)\.ts$|\/packages\/(api|sdk|telemetry)\//
    // What passes reports on to the thread that writes them.
    const writer =
      /\/api\/src\/store\/(tenant-name|sqlite\/(writer-host|writer-calls|relayed-errors|news))\.ts$/
    assert.deepEqual(
      modules.filter((url) => wrong.test(url) && !writer.test(url)),
      [],
    )
  })
})
