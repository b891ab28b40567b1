/** The file token store with real processes: concurrent, killed, and on a full disk. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileTokenStore } from './file-token-store.ts'

const root = mkdtempSync(join(tmpdir(), 'miot-token-processes-'))
let directory: string
let requests = 0
/** The answer to the next request; null: none. */
let answer: ((response: ServerResponse) => void) | null
let onRequest: () => void = () => {}

const grant = (response: ServerResponse) => {
  response.end(
    JSON.stringify({ access_token: `t${requests}`, token_type: 'Bearer', expires_in: 60 }),
  )
}

const server = createServer((_, response) => {
  requests += 1
  answer?.(response)
  onRequest()
})

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
beforeEach(() => {
  directory = mkdtempSync(join(root, 'tokens-'))
  requests = 0
  answer = grant
})
after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(root, { recursive: true, force: true })
})

const here = (name: string) => JSON.stringify(new URL(name, import.meta.url))

/** Another process with the same directory; prints its token. */
function startProcess(lockOptions = '{}'): ChildProcess {
  const { port } = server.address() as AddressInfo
  const script = `
    import { TokenSource } from ${here('../client/index.ts')}
    import { fileTokenStore } from ${here('./file-token-store.ts')}
    const store = fileTokenStore({ directory: process.argv[1], lockWaitMs: 20_000, ...${lockOptions} })
    const options = { client_id: 'c', client_secret: 's', audience: 'a', timeoutMs: 60_000, store }
    const source = new TokenSource({ ...options, token_endpoint: 'http://127.0.0.1:${port}/' })
    console.log(await source.token())
  `
  return spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function printed(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return text.trim()
}

describe('processes with one directory', () => {
  it('that start together request one token', async () => {
    const tokens = await Promise.all(Array.from({ length: 6 }, () => printed(startProcess())))
    assert.deepEqual(tokens, Array(6).fill('t1'))
    assert.equal(requests, 1)
    assert.deepEqual(readdirSync(directory).length, 1, 'no lock is left')
  })

  it('continue when the one that requests it is killed: its lock expires', async () => {
    answer = null
    const reached = new Promise<void>((resolve) => {
      onRequest = resolve
    })
    const holder = startProcess()
    await reached
    onRequest = () => {}
    const gone = once(holder, 'close')
    holder.kill('SIGKILL')
    await gone
    assert.ok(readdirSync(directory).some((name) => name.endsWith('.lock')))
    answer = grant
    assert.equal(await printed(startProcess('{ lockStaleMs: 200 }')), 't2')
  })
})

describe('a full disk', { skip: process.platform === 'win32' }, () => {
  it('keeps the old token, and leaves nothing behind', async () => {
    const key = 'a'.repeat(64)
    await fileTokenStore({ directory }).write(key, 'old')
    const script = `
      import { fileTokenStore } from ${here('./file-token-store.ts')}
      const store = fileTokenStore({ directory: process.argv[1] })
      await store.write('${key}', 'x'.repeat(4096)).catch((error) => console.log(error.code))
    `
    const limited = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`
    const args = ['-c', limited, process.execPath, '--input-type=module', '-e', script, directory]
    assert.equal(spawnSync('sh', args, { encoding: 'utf8' }).stdout, 'EFBIG\n')
    assert.deepEqual(readdirSync(directory), [`${key}.token`])
    assert.equal(readFileSync(join(directory, `${key}.token`), 'utf8'), 'old')
  })
})
