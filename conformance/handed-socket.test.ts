/** A socket held by a supervisor; faults/successions.ts tests how one process succeeds another. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempDisposableSync } from 'node:fs'
import { BoundSocket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { handOver } from './support/running-server.ts'

/** The response on one connection; empty without one. */
async function livez(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  return text(socket).catch(() => '')
}

it('is refused where other machines could reach it in plaintext, and serves no request until then', {
  timeout: 30_000,
}, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const port = await freePort()
  const held = new BoundSocket({ host: '0.0.0.0', port })
  const env = { PATH: process.env.PATH, MIOT_DATA_DIR: folder.path, MIOT_METRICS_PORT: '0' }
  const server = handOver(held, { ...env, MIOT_PORT: String(port) })
  const complaint = server.stderr === null ? '' : text(server.stderr)
  let ended = false
  const exit = once(server, 'exit').finally(() => {
    ended = true
    // The last connection waits for a successor.
    held.close()
  })
  const heard = new Set<string>()
  async function call(): Promise<void> {
    while (!ended) heard.add(await livez(port))
  }
  await Promise.all([call(), call(), call(), exit])
  assert.deepEqual([...heard], [''])
  assert.deepEqual(await exit, [2, null])
  assert.match(await complaint, /on 0\.0\.0\.0 port \d+: set MIOT_HOST and MIOT_PORT/)
})
