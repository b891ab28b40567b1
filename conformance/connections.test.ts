/**
 * What a connection may hold of the server, black-box: pipelining (RFC 9112 §9.3.2), and unread
 * responses.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { trackBatch } from './support/track-requests.ts'

const MEBIBYTE = 1024 ** 2

let server: RunningServer
let token: string

before(async () => {
  server = await startServer()
  const connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
  const timestamp = new Date().toISOString()
  const event = { event_type: 'x', timestamp, description: 'x'.repeat(900) }
  const reports = Array.from({ length: 50 }, () => ({
    asset_id: 'TRUCK-1',
    timestamp,
    events: [event, event, event, event, event],
  }))
  assert.equal((await trackBatch(connection, token, reports)).status, 200)
  connection.close()
})
after(() => server.stop())

function open(): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  return socket.on('error', () => {})
}

const memory = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid()}/status`, 'utf8'))?.[1]) * 1024

async function serves(): Promise<void> {
  const connection = openConnection(server.url)
  await accessToken(connection, server.credentials)
  connection.close()
}

function request(path: string, authorization?: string): string {
  const token = authorization === undefined ? '' : `Authorization: Bearer ${authorization}\r\n`
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${token}\r\n`
}

const linux = { skip: process.platform !== 'linux' && 'memory is read from /proc' }

describe('pipelined requests', { timeout: 60_000 }, () => {
  it('are answered in order, in a usual number', async () => {
    const socket = open().setEncoding('latin1')
    socket.write(request('/livez').repeat(15) + request('/nothing'))
    let heard = ''
    for await (const text of socket) {
      heard += text
      if (heard.includes('no such endpoint')) break
    }
    const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    assert.deepEqual(statuses, [...Array(15).fill('200'), '404'])
  })

  it('with unread responses make the server hold no more than one', linux, async () => {
    await serves()
    const held = memory()
    const sockets = Array.from({ length: 10 }, open)
    const pages = [request('/openapi.json'), request('/v1/events?limit=200', token)]
    for (const [index, socket] of sockets.entries()) {
      socket.pause()
      socket.write((pages[index % 2] as string).repeat(1500))
    }
    // Requests sent so far have been handled by the time others have been served.
    for (let round = 0; round < 5; round++) {
      await serves()
      await sleep(100)
    }
    const growth = (memory() - held) / MEBIBYTE
    for (const socket of sockets) socket.destroy()
    // Without the limit it was 1,700.
    assert.ok(growth < 200, `${growth.toFixed(0)} MiB more`)
  })
})

describe('a request with ambiguous headers', () => {
  for (const [what, headers] of Object.entries({
    'two Host lines': 'Host: a\r\nHost: b',
    'two tokens': 'Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b',
    'two lengths': 'Host: a\r\nContent-Length: 1\r\nContent-Length: 2',
    'a length and chunks': 'Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
    'a Host that is none': 'Host: a/b',
  })) {
    for (const path of ['/api/v1/login', '/oauth2/token', '/v1/asset/track', '/admin/v1/clients']) {
      it(`(${what}) is refused at ${path}`, async () => {
        const socket = open().setEncoding('latin1')
        socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n`)
        let heard = ''
        for await (const text of socket) heard += text
        assert.match(heard, /^HTTP\/1\.1 400 /)
        assert.match(heard, /\r\nconnection: close\r\n/i)
      })
    }
  }
})
