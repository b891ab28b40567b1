/**
 * The packed packages on Bun and Deno: `npm run test:runtimes`.
 *
 * Separate from `npm test` because the two runtimes are large. They are installed from npm into a
 * temporary folder; if that fails, the test is skipped with the reason.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import {
  EXPECTED,
  installPacked,
  npm,
  REQUIRED,
  requireWith,
  type StrangersProject,
  startProxy,
  useWith,
} from './packaging.ts'

const RUNTIMES = [
  { name: 'bun', version: '1.4.5', args: ['run'] },
  { name: 'deno', version: '2.9.6', args: ['run', '--allow-all', '--node-modules-dir=manual'] },
] as const

/** The oldest versions that `engines` of the packages allow. */
const OLDEST_NODES = ['20.19.0', '22.12.0'] as const

let project: StrangersProject
let server: RunningServer
const runtimes = mkdtempSync(join(tmpdir(), 'miot-runtimes-'))

before(async () => {
  project = installPacked()
  server = await startServer()
})
after(async () => {
  await server?.stop()
  project?.remove()
  rmSync(runtimes, { recursive: true, force: true })
})

/** @returns its path, or the reason why it could not be installed. */
function install(name: string, version: string): { path: string } | { fault: string } {
  const folder = mkdtempSync(join(runtimes, `${name}-`))
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  try {
    // Their binaries are packages; the install script only moves them into place.
    npm(['install', `${name}@${version}`, '--no-audit', '--no-fund', '--fetch-retries=1'], folder)
    const path = join(folder, 'node_modules', '.bin', name)
    // If npm runs no install scripts, the packages are installed without a binary that runs.
    const { status, stderr, error } = spawnSync(path, ['--version'], {
      env: environmentWithoutSettings(),
      encoding: 'utf8',
    })
    if (status !== 0) throw error ?? new Error(stderr)
    return { path }
  } catch (error) {
    return { fault: (error as Error).message.trim().split('\n').slice(0, 3).join(' ') }
  }
}

/** The bundle of an import, for a runtime without Node's modules. */
function bundle(bun: string, code: string): string {
  const entry = join(project.directory, 'entry.mjs')
  writeFileSync(entry, code)
  const args = ['build', entry, '--target=browser', '--minify-syntax', '--minify-whitespace']
  const { status, stdout, stderr } = spawnSync(bun, args, {
    cwd: project.directory,
    env: environmentWithoutSettings(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`bun build ended with ${status}:\n${stderr}`)
  return stdout
}

/** The imported name, a text that only it contains, and texts that must not be in the bundle. */
const IMPORTS = [
  ['requestToken', '@modulariot/oauth/client', 'client_credentials', ['a browser cannot keep']],
  ['TokenSource', '@modulariot/oauth/client', 'a browser cannot keep', ['the origins the token']],
  ['challenge', '@modulariot/oauth/resource-server', 'www-authenticate', ['crypto.subtle']],
  ['createClient', '@modulariot/sdk', 'x-request-timestamp', ['names no revocation', '/admin/v1']],
  ['createAdminClient', '@modulariot/sdk/admin', '/admin/v1', ['x-request-timestamp', '/v1/asset']],
  ['parseAssetTrackingData', '@modulariot/telemetry', 'UNKNOWN_KEY', ['access_token']],
] as const

describe('the packed packages', () => {
  it('bundle for a worker, without unused code', (context) => {
    const bun = install('bun', RUNTIMES[0].version)
    if ('fault' in bun) return context.skip(`bun cannot be installed here: ${bun.fault}`)
    for (const [name, from, own, others] of IMPORTS) {
      const code = bundle(bun.path, `import { ${name} } from '${from}'\nconsole.log(${name})`)
      assert.ok(code.includes(own), `${name}: ${own}`)
      for (const other of others) assert.ok(!code.includes(other), `${name}: ${other}`)
      context.diagnostic(`${name}: ${code.length} bytes`)
    }
  })

  for (const version of OLDEST_NODES) {
    it(`work on node ${version}, by import and by require`, (context) => {
      const installed = install('node', version)
      if ('fault' in installed) {
        return context.skip(`node ${version} cannot be installed here: ${installed.fault}`)
      }
      assert.deepEqual(useWith(installed.path, [], project, server), EXPECTED)
      assert.deepEqual(requireWith(installed.path, project), REQUIRED)
    })
  }

  for (const { name, version, args } of RUNTIMES) {
    it(`work on ${name} ${version}`, (context) => {
      const installed = install(name, version)
      if ('fault' in installed) {
        return context.skip(`${name} cannot be installed here: ${installed.fault}`)
      }
      assert.deepEqual(useWith(installed.path, args, project, server), EXPECTED)
    })

    it(`use a proxy of the environment on ${name}`, async (context) => {
      const installed = install(name, version)
      if ('fault' in installed) {
        return context.skip(`${name} cannot be installed here: ${installed.fault}`)
      }
      const proxy = await startProxy(project)
      try {
        const { environment } = proxy
        assert.deepEqual(useWith(installed.path, args, project, server, environment), EXPECTED)
        assert.ok(proxy.wasUsed())
      } finally {
        proxy.stop()
      }
    })
  }
})
