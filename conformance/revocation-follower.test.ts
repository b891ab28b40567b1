/**
 * RemoteRevocations, as a remote API uses it, with the real feed, including restarts and silence.
 */

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { TokenSource } from '@modulariot/oauth/client'
import {
  createVerifier,
  RemoteRevocations,
  type RemoteRevocationsOptions,
  type RevocationsEvent,
} from '@modulariot/oauth/resource-server'
import { type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, createClient } from './support/token-requests.ts'

const FAIL_OPEN_MS = 60_000

let server: RunningServer
let connection: Connection
let reader: Credentials
const open: RemoteRevocations[] = []

before(async () => {
  server = await startServer()
  connection = openConnection(server.url, 4)
  reader = await createClient(server, '--audience', `${server.url}/oauth2/revocations`)
})
afterEach(() => {
  for (const revocations of open.splice(0)) revocations.close()
})
after(async () => {
  connection.close()
  await server.stop()
})

/** A remote API: it has the issuer, its own audience and the follower's credentials. */
async function startApi(options: Partial<RemoteRevocationsOptions> = {}) {
  const { client_id, client_secret } = reader
  const token_endpoint = `${server.url}/oauth2/token`
  const log = eventLog()
  const asked: URL[] = []
  const seen: typeof globalThis.fetch = (input, init) => {
    asked.push(new URL(String(input)))
    return fetch(input, init)
  }
  const revocations = new RemoteRevocations({
    issuer: server.url,
    tokens: (audience) => new TokenSource({ token_endpoint, client_id, client_secret, audience }),
    failOpenForMs: FAIL_OPEN_MS,
    fetch: seen,
    onEvent: log.add,
    ...options,
  })
  open.push(revocations)
  await revocations.start()
  const { audience } = server.credentials
  const verifier = createVerifier({ issuer: server.url, audience, revocations })
  const verify = (token: string) => verifier.verify(`Bearer ${token}`)
  return { revocations, log, asked, verify }
}

/** The callbacks of a follower, and a way to wait for the next one. */
function eventLog() {
  const waiting: { kind: RevocationsEvent['kind']; resolve: () => void }[] = []
  return {
    add(event: RevocationsEvent): void {
      const due = waiting.filter(({ kind }) => kind === event.kind)
      for (const one of due) {
        waiting.splice(waiting.indexOf(one), 1)
        one.resolve()
      }
    },
    next: (kind: RevocationsEvent['kind']) =>
      new Promise<void>((resolve) => waiting.push({ kind, resolve })),
  }
}

const REVOKED = { status: 401, error: 'invalid_token', reason: { kind: 'revoked_token' } }

function isRevoked(error: { status: number; error: string; reason: { kind: string } }): boolean {
  const { status, error: code, reason } = error
  assert.deepEqual({ status, error: code, reason: { kind: reason.kind } }, REVOKED)
  return true
}

describe('a remote API', () => {
  it('discovers the feed by the issuer, and refuses a token within a second of its revocation', async () => {
    const { log, verify, asked } = await startApi()
    const token = await accessToken(connection, server.credentials)
    await verify(token)
    await verify(token)
    const told = log.next('caught_up')
    const begun = performance.now()
    await revoke(connection, server.credentials, token)
    await told
    assert.ok(performance.now() - begun < 1000, `${performance.now() - begun} ms`)
    await assert.rejects(verify(token), isRevoked)
    // Received by a waiting poll, not by a periodic one.
    assert.ok(asked.some(({ searchParams }) => searchParams.get('wait') === '30'))
  })

  it('refuses all tokens of a client after a cut-off, and accepts the next one', async () => {
    const { log, verify } = await startApi()
    const client = await createClient(server)
    const tokens = await Promise.all([1, 2, 3].map(() => accessToken(connection, client)))
    await Promise.all(tokens.map(verify))
    const told = log.next('caught_up')
    await server.miot(['clients', 'revoke-tokens', client.client_id])
    await told
    for (const token of tokens) await assert.rejects(verify(token), isRevoked)
    await verify(await accessToken(connection, client))
  })

  it('knows earlier revocations from its start', async () => {
    const token = await accessToken(connection, server.credentials)
    await revoke(connection, server.credentials, token)
    const { revocations, verify } = await startApi()
    assert.ok(revocations.size > 0)
    await assert.rejects(verify(token), isRevoked)
  })

  it('continues after a restart of the server, and misses nothing', async () => {
    const { log, verify } = await startApi()
    const [before, during, later] = await Promise.all(
      [1, 2, 3].map(() => accessToken(connection, server.credentials)),
    )
    for (const token of [before, during, later]) await verify(token as string)
    let told = log.next('caught_up')
    await revoke(connection, server.credentials, before as string)
    await told
    // Killed, so that the poll fails instead of being answered.
    const silent = log.next('silent')
    await server.kill('SIGKILL')
    await silent
    await assert.rejects(verify(before as string), isRevoked)
    await verify(later as string)
    told = log.next('caught_up')
    await server.restart()
    await told
    const news = log.next('caught_up')
    await revoke(connection, server.credentials, during as string)
    await news
    await assert.rejects(verify(during as string), isRevoked)
    await assert.rejects(verify(before as string), isRevoked)
    await verify(later as string)
  })

  it('with a silent feed accepts tokens for the configured time, and then none until the feed responds', async () => {
    let aheadMs = 0
    const clock = {
      monotonicMs: () => performance.now() + aheadMs,
      wallMs: () => Date.now() + aheadMs,
      after(delayMs: number, callback: () => void) {
        const timer = setTimeout(callback, delayMs)
        return () => clearTimeout(timer)
      },
    }
    const { log, verify } = await startApi({ clock })
    const token = await accessToken(connection, server.credentials)
    await verify(token)
    const silent = log.next('silent')
    await server.kill('SIGKILL')
    await silent
    aheadMs = FAIL_OPEN_MS / 2
    await verify(token)
    aheadMs = FAIL_OPEN_MS + 1000
    await assert.rejects(verify(token), {
      status: 503,
      error: 'temporarily_unavailable',
      reason: { kind: 'unavailable', detail: 'revocations' },
    })
    const told = log.next('caught_up')
    await server.restart()
    await told
    await verify(token)
  })

  it('gets another token when its own was revoked', async () => {
    const { log, verify } = await startApi()
    const token = await accessToken(connection, server.credentials)
    await verify(token)
    // Everything the follower holds ends; the poll in progress gets that entry or 401.
    const told = log.next('caught_up')
    await server.miot(['clients', 'revoke-tokens', reader.client_id])
    await told
    const news = log.next('caught_up')
    await revoke(connection, server.credentials, token)
    await news
    await assert.rejects(verify(token), isRevoked)
  })
})
