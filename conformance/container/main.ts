/**
 * `npm run conformance -- container`: the image of the Dockerfile, built and run without Docker, as
 * its user and with a read-only file system. It takes a minute, and fetches Debian and packages.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '@modulariot/platform/testing/free-port'
import { buildImage, type Container, makeVolume, startInside } from './image.ts'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))
const START_TIMEOUT_MS = 60_000
const skip = whyNot()
if (skip) process.stderr.write(`THE CONTAINER IS NOT TESTED HERE: ${skip}\n`)

const folder = mkdtempSync(join(tmpdir(), 'miot-container-'))
after(() => rmSync(folder, { recursive: true, force: true }))

describe('the image', { skip, timeout: 900_000 }, () => {
  let container: Container
  let server: ChildProcess
  let output = ''
  let port: number
  const commit = skip
    ? ''
    : execFileSync('git', ['rev-parse', 'HEAD'], { cwd: CHECKOUT }).toString()

  before(async () => {
    port = await freePort()
    const read = (name: string) => readFileSync(join(CHECKOUT, name), 'utf8')
    const files = { dockerfile: read('Dockerfile'), dockerignore: read('.dockerignore') }
    const image = buildImage(files, CHECKOUT, folder, { COMMIT: commit.trim() })
    const data = join(folder, 'volume')
    makeVolume(image, data)
    container = { image, data, env: { MIOT_PORT: String(port), MIOT_METRICS_PORT: '0' } }
    server = startInside(container, [...image.entrypoint, ...image.command])
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`does not listen: ${output}`)),
        START_TIMEOUT_MS,
      )
      server.once('exit', (code) => reject(new Error(`ended (${code}): ${output}`)))
      for (const stream of [server.stdout, server.stderr]) {
        stream?.on('data', (chunk) => {
          output += chunk
          if (output.includes('listen on')) resolve(clearTimeout(late))
        })
      }
    })
  })
  after(() => server?.kill('SIGKILL'))

  /** As `docker exec`. */
  const execute = (...command: string[]) => executeWith({}, ...command)

  async function executeWith(env: Record<string, string>, ...command: string[]) {
    const child = startInside({ ...container, env: { ...container.env, ...env } }, command)
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      child.exitCode ?? once(child, 'exit'),
    ])
    return { status: child.exitCode, stdout, stderr }
  }

  it('serves as its user, and shows no secret', async () => {
    assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
    const { uid } = statSync(join(container.data, 'auth.db'))
    assert.deepEqual([uid, container.image.uid], [10_001, 10_001])
    assert.match(output, /miot clients create/)
    assert.doesNotMatch(output, /miot_(dev|prod)_/)
  })

  it('is healthy while it serves', async () => {
    const { status, stderr } = await execute(...container.image.healthcheck)
    assert.deepEqual([status, stderr], [0, ''])
  })

  it('runs miot, which makes the first client', async () => {
    assert.equal((await execute('miot', 'orgs', 'create', '--name', 'Acme')).status, 0)
    const { stdout, stderr } = await execute('miot', 'clients', 'create', '--name', 'First')
    const { token_url: _, ...credentials } = JSON.parse(stdout || stderr)
    const body = new URLSearchParams(credentials)
    const url = `http://127.0.0.1:${port}/oauth2/token`
    assert.equal((await fetch(url, { method: 'POST', body })).status, 200)
    assert.match((await execute('miot', '--version')).stdout, new RegExp(commit.slice(0, 7)))
    assert.match((await execute('miot', 'audit', 'list')).stdout, /"name": "modulariot"/)
  })

  it('erases an asset, and compacts, though only the volume can be written', async () => {
    const scopes = ['asset:track:write', 'asset:track:read', 'asset:track:delete']
    const { stdout } = await execute('miot', 'audiences', 'list')
    const [{ audience }] = JSON.parse(stdout).audiences.filter((one: { scopes: string[] }) =>
      one.scopes.includes('asset:track:write'),
    )
    const added = ['audiences', 'update', audience, '--add-scope', 'asset:track:delete']
    assert.equal((await execute('miot', ...added)).status, 0)
    const made = await execute(
      'miot',
      'clients',
      'create',
      '--name',
      'Eraser',
      '--scope',
      ...scopes,
    )
    const { client_id, client_secret } = JSON.parse(made.stdout)
    // The minimal Debian has no name for this machine.
    const url = `http://127.0.0.1:${port}`
    const env = {
      ...{ MIOT_CLIENT_ID: client_id, MIOT_CLIENT_SECRET: client_secret },
      ...{ MIOT_TOKEN_URL: `${url}/api/v1/login`, MIOT_AUDIENCE: audience },
      MIOT_API_URL: url,
    }
    const sent = await executeWith(env, 'miot', 'track', 'send', '--asset-id', 'ERASE-ME')
    assert.equal(sent.status, 0, sent.stderr)
    const erased = await executeWith(env, 'miot', 'assets', 'delete', 'ERASE-ME', '--yes')
    assert.deepEqual(JSON.parse(erased.stdout), { asset_id: 'ERASE-ME', compacted: true })
    const compacted = await execute('miot', 'compact')
    assert.equal(compacted.status, 0, compacted.stderr)
  })

  it('can write to its volume only', async () => {
    for (const path of ['/opt/modulariot/x', '/tmp/x', '/etc/x']) {
      assert.notEqual((await execute('touch', path)).status, 0, path)
    }
    assert.equal((await execute('touch', '/var/lib/modulariot/x')).status, 0)
  })

  it('holds no test, no secret and no history', async () => {
    const { stdout } = await execute('find', '/opt/modulariot', '-not', '-path', '*/node_modules/*')
    const paths = stdout.split('\n')
    assert.ok(paths.includes('/opt/modulariot/packages/cli/src/main.ts'))
    assert.deepEqual(
      paths.filter((path) => /\.test\.ts$|\.git|\.env$|\.key$|\/(docs|conformance)\//.test(path)),
      [],
    )
  })

  it('stops on SIGTERM, and is then unhealthy', async () => {
    const exit = once(server, 'exit')
    server.kill('SIGTERM')
    assert.deepEqual(await exit, [0, null])
    const { status, stderr } = await execute(...container.image.healthcheck)
    assert.equal(status, 1)
    assert.match(stderr, /No answer on 127\.0\.0\.1, port \d+: ECONNREFUSED/)
  })
})

/** False when nothing is missing. */
function whyNot(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs root on Linux'
  if (spawnSync('debootstrap', ['--version']).error) return 'apt-get install debootstrap'
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? false : 'mounts are not allowed'
}
