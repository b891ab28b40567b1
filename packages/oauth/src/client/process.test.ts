/** A token source has no effect on its process: it ends when its work is done. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'

const server = createServer((request, response) => {
  // The first token needs a refresh at once; its request is never answered.
  if (request.url === '/stalls') return
  const body = { access_token: 't', token_type: 'Bearer', expires_in: 3600, refresh_in: 0.001 }
  response.end(JSON.stringify(body))
})

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})

/** Runs a program with a source in scope; resolves with its output once it has ended by itself. */
async function run(program: string): Promise<string> {
  const { port } = server.address() as AddressInfo
  const script = `
    import { TokenSource } from ${JSON.stringify(new URL('./token-source.ts', import.meta.url))}
    const url = 'http://127.0.0.1:${port}'
    const options = { client_id: 'c', client_secret: 's', audience: 'a' }
    const source = new TokenSource({ ...options, token_endpoint: url + '/token' })
    ${program}
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  child.stderr.on('data', (text) => {
    printed += text
  })
  const [code] = await once(child, 'close')
  return `${printed.trim()} ${code}`
}

describe('a process with a token source', () => {
  it('ends by itself once it has its token', async () => {
    assert.equal(await run(`console.log(await source.token())`), 't 0')
  })

  it('ends though a refresh is due', async () => {
    const program = `await source.token(); await source.token(); console.log('done')`
    assert.equal(await run(program), 'done 0')
  })

  it('is not ended by a failing exchange without a waiting caller', async () => {
    const program = `
      const failing = new TokenSource({ ...options, token_endpoint: 'http://127.0.0.1:1/' })
      const left = failing.token({ signal: AbortSignal.timeout(0) })
      await left.catch(() => {})
      await failing.token().catch((error) => console.log(error.name))
    `
    assert.equal(await run(program), 'NetworkError 0')
  })

  it('ends with the deadline of a request that is not answered', async () => {
    const program = `
      const stalling = new TokenSource({ ...options, token_endpoint: url + '/stalls', timeoutMs: 50 })
      await stalling.token().catch((error) => console.log(error.name))
    `
    assert.equal(await run(program), 'TimeoutError 0')
  })
})
