/**
 * Signing keys change while two instances serve: without an effect on clients, except in an
 * emergency.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { type Connection, openConnection } from './support/connection.ts'
import { type MiotResult, type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { get } from './support/track-requests.ts'

const MAX_AGE_SECONDS = 1

interface KeyRow {
  readonly kid: string
  readonly state: string
}

let first: RunningServer
let second: RunningServer
let connections: Connection[]

before(async () => {
  first = await startServer({ MIOT_JWKS_MAX_AGE: String(MAX_AGE_SECONDS) })
  second = await startServer({
    MIOT_DATA_DIR: first.dataDir,
    MIOT_ISSUER: first.url,
    MIOT_JWKS_MAX_AGE: String(MAX_AGE_SECONDS),
  })
  connections = [openConnection(first.url), openConnection(second.url)]
})
after(async () => {
  for (const connection of connections) connection.close()
  await second.stop()
  await first.stop()
})

async function keys(): Promise<KeyRow[]> {
  const { stdout } = await first.miot(['keys', 'list', '--json'])
  return JSON.parse(stdout).keys
}

/** Rotates once there is a next key and no rotation in progress. */
async function rotate(): Promise<void> {
  const deadline = performance.now() + 20_000
  let result: MiotResult
  do result = await first.miot(['keys', 'rotate', '--json'])
  while (result.status !== 0 && performance.now() < deadline)
  assert.equal(result.status, 0, result.stderr)
}

const inState = (rows: readonly KeyRow[], state: string) =>
  rows.filter((row) => row.state === state).map(({ kid }) => kid)

describe('two instances on one store', { timeout: 120_000 }, () => {
  it('have one active and one next key, published by both', async () => {
    const deadline = performance.now() + 20_000
    let rows = await keys()
    while (rows.length < 2 && performance.now() < deadline) rows = await keys()
    assert.deepEqual(rows.map(({ state }) => state).sort(), ['active', 'next'])
    const kids = rows.map(({ kid }) => kid).sort()
    for (const { url } of [first, second]) {
      const published = async () => {
        const response = await fetch(`${url}/.well-known/jwks.json`)
        assert.equal(response.headers.get('cache-control'), `public, max-age=${MAX_AGE_SECONDS}`)
        const set = (await response.json()) as { keys: KeyRow[] }
        return set.keys.map(({ kid }) => kid).sort()
      }
      while (JSON.stringify(await published()) !== JSON.stringify(kids)) {
        assert.ok(performance.now() < deadline, 'published within a second of its creation')
      }
    }
  })

  it('rotate three times without a failed login or verification', async () => {
    // A verifier that follows only HTTP caching, as independent ones do.
    const jwks = createRemoteJWKSet(new URL(`${second.url}/.well-known/jwks.json`), {
      cacheMaxAge: MAX_AGE_SECONDS * 1000,
    })
    const signedBy = new Set<string>()
    let rotating = true
    let logins = 0
    const load = connections.map(async (connection, index) => {
      const other = connections[1 - index] as Connection
      while (rotating) {
        const token = await accessToken(connection, first.credentials)
        await jwtVerify(token, jwks, { issuer: first.url })
        assert.equal((await get(other, token, '/v1/assets')).status, 200)
        signedBy.add(decodeProtectedHeader(token).kid as string)
        logins++
        await new Promise(setImmediate)
      }
    })
    const rotations = (async () => {
      try {
        for (let round = 0; round < 3; round++) await rotate()
        const last = (await keys()).length
        assert.equal(last, 5, 'three retired, one active, one next')
        // Waits for the last switch.
        await wait(2 * MAX_AGE_SECONDS * 1000 + 500)
      } finally {
        rotating = false
      }
    })()
    await Promise.all([...load, rotations])
    assert.equal(signedBy.size, 4)
    assert.ok(logins > 100, String(logins))
  })

  it('withdraw every key at once in an emergency, and continue with a new one', async () => {
    const [one, other] = connections as [Connection, Connection]
    const token = await accessToken(one, first.credentials)
    for (const connection of connections) {
      assert.equal((await get(connection, token, '/v1/assets')).status, 200)
    }
    const before = (await keys()).map(({ kid }) => kid)
    const { status, stdout: told } = await first.miot(['keys', 'rotate', '--now', '--no-json'])
    assert.equal(status, 0)
    assert.match(
      told,
      /^ALG +STATE +HELD BY +CREATED +SIGNS FROM +SIGNS UNTIL +VERIFIES UNTIL +KEY\n/,
    )
    assert.match(told, /All tokens signed so far are revoked/)
    const deadline = performance.now() + 1000
    for (const connection of connections) {
      while ((await get(connection, token, '/v1/assets')).status !== 401) {
        assert.ok(performance.now() < deadline, 'refused by each instance within a second')
      }
    }
    // An instance may learn of the end of the old keys just before it has the new one.
    const works = async () => {
      const fresh = await accessToken(other, first.credentials)
      return (await get(one, fresh, '/v1/assets')).status === 200
    }
    while (!(await works())) assert.ok(performance.now() < deadline, 'and a new one works')
    const now = await keys()
    assert.equal(inState(now, 'active').length, 1)
    for (const { kid } of now) assert.ok(!before.includes(kid))
    const { stdout } = await first.miot(['audit', 'list', '--action', 'key.revoked', '--json'])
    assert.equal(JSON.parse(stdout).entries.length, before.length)
    assert.equal((await first.miot(['audit', 'verify'])).status, 0)
  })
})
