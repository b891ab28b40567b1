/**
 * Signing keys rotate three times while two instances run under full load: no login and no
 * verification fails, on either instance or in a remote verifier.
 *
 * The remote verifier is jose's remote JWK Set, which follows only HTTP caching. At the end the
 * tokens of every key, including the first, must still be valid; after an emergency rotation, all
 * must be refused within a second. `--quick` rotates at a shorter interval under a lighter load, on
 * PostgreSQL only; `--store sqlite` or `--store postgres` for one store only.
 */

import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRemoteJWKSet, decodeProtectedHeader, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { openConnection } from '../conformance/support/connection.ts'
import type { RunningServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { get } from '../conformance/support/track-requests.ts'
import { STORES, type StoreKind, startTwo, type TwoInstances } from './support/two-instances.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, store: { type: 'string' } },
})
/** A rotation may follow another after twice this time. */
const MAX_AGE_SECONDS = values.quick ? 2 : 10
const ROTATIONS = 3
const WORKERS_PER_INSTANCE = 4
/** A full load would cost the other tests, which run beside this one, a minute. */
const PAUSE_MS = values.quick ? 50 : 0
const DEAD_WITHIN_MS = 1000
const GIVE_UP_MS = 60_000
const LOOK_EVERY_MS = 500
/** Further failures would add no information. */
const MAX_FAILURES = 10

const print = (text: string): void => void process.stdout.write(`${text}\n`)

interface Tally {
  logins: number
  verifications: number
  readonly failures: string[]
  /** One token of each key. */
  readonly tokens: Map<string, string>
}

interface KeyRow {
  readonly kid: string
  readonly state: string
}

function remoteKeysOf({ url }: RunningServer): JWTVerifyGetKey {
  const cacheMaxAge = MAX_AGE_SECONDS * 1000
  return createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`), { cacheMaxAge })
}

/** Logs in at one instance, and verifies the token at the other and remotely, until aborted. */
async function carryLoad(pair: TwoInstances, tally: Tally, over: AbortSignal): Promise<void> {
  const issuer = pair.first.url
  const { credentials } = pair.first
  async function work(here: RunningServer, there: RunningServer, keys: JWTVerifyGetKey) {
    const login = openConnection(here.url)
    const api = openConnection(there.url)
    while (!over.aborted && tally.failures.length < MAX_FAILURES) {
      try {
        const token = await accessToken(login, credentials)
        tally.logins++
        tally.tokens.set(String(decodeProtectedHeader(token).kid), token)
        await jwtVerify(token, keys, { issuer })
        assert.equal((await get(api, token, '/v1/assets?limit=1')).status, 200)
        tally.verifications += 2
      } catch (error) {
        tally.failures.push(String(error))
      }
      await wait(PAUSE_MS)
    }
    login.close()
    api.close()
  }
  const ways = [
    [pair.first, pair.second, remoteKeysOf(pair.second)],
    [pair.second, pair.first, remoteKeysOf(pair.first)],
  ] as const
  const workers = ways.flatMap((way) =>
    Array.from({ length: WORKERS_PER_INSTANCE }, () => work(...way)),
  )
  await Promise.all(workers)
}

/** Rotates as soon as there is a next key, and no rotation in progress. */
async function rotate(server: RunningServer): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (;;) {
    const { status, stderr } = await server.miot(['keys', 'rotate', '--json'])
    if (status === 0) return
    assert.match(stderr, /in progress, or its next key does not exist yet/)
    assert.ok(performance.now() < deadline, stderr)
    await wait(LOOK_EVERY_MS)
  }
}

/** Resolves once the last of the previous keys has stopped signing. */
async function allRetired(server: RunningServer): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (;;) {
    const { stdout } = await server.miot(['keys', 'list', '--json'])
    const rows = JSON.parse(stdout).keys as KeyRow[]
    if (rows.filter(({ state }) => state === 'retired').length === ROTATIONS) return
    assert.ok(performance.now() < deadline, 'the last key is active')
    await wait(LOOK_EVERY_MS)
  }
}

async function rotateUnderLoad(server: RunningServer): Promise<void> {
  for (let round = 1; round <= ROTATIONS; round++) {
    await rotate(server)
    print(`  rotation ${round} begun`)
  }
  await allRetired(server)
  // Tokens of the new key must reach every verifier.
  await wait(MAX_AGE_SECONDS * 1000)
}

/** All earlier tokens are valid: one token of each key, on both instances and remotely. */
async function verifyAll(pair: TwoInstances, { tokens, failures }: Tally): Promise<void> {
  for (const server of [pair.first, pair.second]) {
    const keys = remoteKeysOf(server)
    const api = openConnection(server.url)
    for (const [kid, token] of tokens) {
      const { status } = await get(api, token, '/v1/assets?limit=1')
      if (status !== 200) failures.push(`a token of ${kid}: ${status}`)
      await jwtVerify(token, keys).catch((error) => failures.push(`a token of ${kid}: ${error}`))
    }
    api.close()
  }
}

/**
 * Milliseconds from the end of the command to the last request that accepted an old token or not a
 * new one, on both. The time that requests take is not in it: it is the machine's.
 */
async function emergency(pair: TwoInstances, { tokens, failures }: Tally): Promise<number> {
  const { status, stderr } = await pair.second.miot(['keys', 'rotate', '--now'])
  assert.equal(status, 0, stderr)
  const began = performance.now()
  let lastWrong = began
  /** Repeats a request until its status is the one that the new keys give. */
  async function until(right: number, what: string, send: () => Promise<number>): Promise<void> {
    for (;;) {
      const sent = performance.now()
      if ((await send()) === right) return
      assert.ok(sent - began < GIVE_UP_MS, what)
      lastWrong = Math.max(lastWrong, sent)
    }
  }
  await Promise.all(
    [pair.first, pair.second].map(async ({ url }) => {
      const api = openConnection(url)
      const use = async (token: string): Promise<number> =>
        (await get(api, token, '/v1/assets?limit=1')).status
      for (const [kid, token] of tokens) {
        await until(401, `a token of ${kid} is still valid`, () => use(token))
      }
      // An instance may learn of the end of the old keys just before it has the new one.
      await until(200, 'a new token is refused', async () =>
        use(await accessToken(api, pair.first.credentials)),
      )
      api.close()
    }),
  )
  const elapsedMs = lastWrong - began
  if (elapsedMs > DEAD_WITHIN_MS) failures.push(`the emergency took ${Math.round(elapsedMs)} ms`)
  return elapsedMs
}

async function run(store: StoreKind): Promise<boolean> {
  print(`${store}:`)
  const pair = await startTwo(store, { MIOT_JWKS_MAX_AGE: String(MAX_AGE_SECONDS) })
  const tally: Tally = { logins: 0, verifications: 0, failures: [], tokens: new Map() }
  const over = new AbortController()
  const began = performance.now()
  try {
    const load = carryLoad(pair, tally, over.signal)
    await rotateUnderLoad(pair.first).finally(() => over.abort())
    await load
    const seconds = (performance.now() - began) / 1000
    await verifyAll(pair, tally)
    const elapsedMs = await emergency(pair, tally)
    report(tally, seconds, elapsedMs)
    return tally.failures.length === 0 && tally.tokens.size === ROTATIONS + 1
  } finally {
    over.abort()
    await pair.stop()
  }
}

function report(
  { logins, verifications, failures, tokens }: Tally,
  seconds: number,
  elapsedMs: number,
): void {
  const rate = (count: number): string => `${count} (${Math.round(count / seconds)}/s)`
  print(
    `  ${tokens.size} keys signed in ${seconds.toFixed(1)} s: ${rate(logins)} logins, ` +
      `${rate(verifications)} verifications, ${failures.length} failures`,
  )
  print(`  emergency: all keys refused, and a new one active, after ${Math.round(elapsedMs)} ms`)
  for (const failure of failures) print(`  ${failure}`)
}

const chosen = values.store ?? (values.quick ? 'postgres' : undefined)
const stores = STORES.filter((store) => chosen === undefined || store === chosen)
let kept = stores.length > 0
for (const store of stores) kept = (await run(store)) && kept
process.exitCode = kept ? 0 : 1
