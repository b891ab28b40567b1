/** `miot` keeps its tokens between commands, as it asks of devices. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from './support/environment.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

const cache = mkdtempSync(join(tmpdir(), 'miot-cache-'))
const env = { XDG_CACHE_HOME: cache }
let server: RunningServer

before(async () => {
  server = await startServer()
})
after(async () => {
  await server.stop()
  rmSync(cache, { recursive: true })
})

async function miot(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await server.miot(args, { env })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

const get = (...more: string[]): Promise<string> => miot('token', 'get', '--raw', ...more)

describe('the tokens of miot', () => {
  it('are used by the commands that follow', async () => {
    const token = await get()
    assert.equal(await get(), token)
    await miot('track', 'send', '--asset-id', 'CACHED')
    const { access_token, expires_in } = JSON.parse(await miot('token', 'get', '--json'))
    assert.equal(access_token, token)
    assert.ok(expires_in > 86_000 && expires_in <= 86_400, String(expires_in))
    const issued = server.output().match(/"token_issued"|token issued/g) ?? []
    assert.ok(issued.length <= 1, 'one login')
  })

  it('are in a private file', async () => {
    const folder = join(cache, 'modulariot', 'tokens')
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    const files = readdirSync(folder)
    assert.equal(files.length, 1)
    for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
    assert.ok(
      !readFileSync(join(folder, files[0] as string), 'utf8').includes(
        server.credentials.client_secret,
      ),
    )
  })

  it('are not used for another scope, or when a new one is wanted', async () => {
    const token = await get()
    assert.notEqual(await get('--scope', 'asset:track:write'), token)
    const fresh = await get('--fresh')
    assert.notEqual(fresh, token)
    assert.equal(await get(), fresh, 'kept in place of the other')
  })

  it('are replaced after their revocation', async () => {
    const token = await get()
    await miot('token', 'revoke', token)
    const next = await get()
    assert.notEqual(next, token)
    await miot('clients', 'revoke-tokens', server.credentials.client_id)
    await miot('assets', 'list')
    assert.notEqual(await get(), next, 'the API refused it')
  })

  const noFile = { skip: !existsSync('/proc/self') }
  it(
    'are printed with a notice where none can be kept, also by the installed program',
    noFile,
    async () => {
      const program = fileURLToPath(new URL('../packages/cli/bin/miot.mjs', import.meta.url))
      const { NODE_COMPILE_CACHE: _, ...inherited } = environmentWithoutSettings()
      const child = spawn(process.execPath, [program, 'token', 'get', '--raw'], {
        env: { ...inherited, MIOT_DATA_DIR: server.dataDir, XDG_CACHE_HOME: '/proc/none' },
        timeout: 60_000,
        killSignal: 'SIGKILL',
      })
      const [stdout, stderr, [status, signal]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      assert.deepEqual([status, signal], [0, null])
      assert.match(stdout, /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/)
      assert.match(
        stderr,
        /^notice: tokens are not kept for the next command: ENOENT: .*'\/proc\/none'\n$/,
      )
    },
  )
})
