/** SIGTERM under load: every accepted connection gets a response. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { writeTlsFiles } from './support/tls-files.ts'
import { accessToken } from './support/token-requests.ts'

let server: RunningServer

before(async () => {
  server = await startServer({ MIOT_DRAIN_SECONDS: '1' })
})
after(() => server.stop())

interface Sent {
  readonly status: number | undefined
  /** The server announces that this was the last response on the connection. */
  readonly last: boolean
}

function login(agent: Agent): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const outgoing = request(`${server.url}/api/v1/login`, { method: 'POST', agent, headers })
    outgoing.once('error', reject)
    outgoing.once('response', async (response) => {
      await text(response)
      const last = response.headers.connection === 'close'
      resolve({ status: response.statusCode, last })
    })
    outgoing.end(JSON.stringify(server.credentials))
  })
}

const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'

async function tcp({ url }: RunningServer): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

const overTls = (socket: Socket): Socket => connectTls({ socket, rejectUnauthorized: false })

/**
 * The server waits a moment for them. A machine that is busy with other tests may need longer, and
 * the attempt tells nothing.
 */
const IN_TIME_MS = 200

function isLastAnswer(result: PromiseSettledResult<string>): boolean {
  if (result.status === 'rejected') return false
  return /^HTTP\/1\.1 200 OK\r\n/.test(result.value) && /^connection: close\r$/im.test(result.value)
}

/** Waits until new connections are refused. */
async function untilRefused(leaving: RunningServer): Promise<void> {
  for (;;) {
    try {
      const socket = await tcp(leaving)
      socket.on('error', () => {}).destroy()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return
    }
  }
}

describe('a server that gets SIGTERM', { timeout: 60_000 }, () => {
  it('announces it first, resets no connection, and writes its counters', async () => {
    const connection = openConnection(server.url)
    await accessToken(connection, server.credentials)
    connection.close()
    let answered = 1
    let stopping = false
    const keepAlive = Array.from({ length: 8 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      // As a balancer does: a connection is used until the server announces its last response.
      for (let last = false; !last; ) {
        const sent = await login(agent)
        assert.equal(sent.status, 200)
        answered++
        last = sent.last
      }
      assert.ok(stopping)
      agent.destroy()
    })
    stopping = true
    const ended = server.kill('SIGTERM')
    await Promise.all(keepAlive)
    // As npm does with a signal that the whole terminal got.
    process.kill(server.pid(), 'SIGTERM')
    const { status } = await fetch(`${server.url}/readyz`, { headers: { connection: 'close' } })
    assert.equal(status, 503)
    await ended
    await server.restart()
    const { stdout } = await server.miot([
      'secrets',
      'list',
      server.credentials.client_id,
      '--json',
    ])
    assert.equal(JSON.parse(stdout).secrets[0].used.uses, answered)
  })

  for (const tls of [false, true]) {
    it(`answers requests that follow on accepted connections${tls ? ', over TLS' : ''}`, async () => {
      using files = writeTlsFiles('leaving')
      const leaving = await startServer(tls ? files.settings : {})
      for (let attempt = 1; ; attempt++) {
        const silent = await tcp(leaving)
        const kept = tls ? overTls(await tcp(leaving)) : await tcp(leaving)
        kept.write(LIVEZ)
        // Accepted later than the silent one, so that one is accepted, too.
        await once(kept, 'data')
        const ended = leaving.kill('SIGTERM')
        const began = performance.now()
        await untilRefused(leaving)
        const answers = [tls ? overTls(silent) : silent, kept].map((socket) => {
          socket.write(LIVEZ)
          return text(socket)
        })
        const isLate = performance.now() - began > IN_TIME_MS
        const [results] = await Promise.all([Promise.allSettled(answers), ended])
        if (results.every(isLastAnswer)) break
        assert.ok(isLate && attempt < 5, JSON.stringify(results))
        await leaving.restart()
      }
      await leaving.stop()
    })
  }
})
