/**
 * Limits, black-box: guessing is stopped without an effect on others, quotas apply, and issuing
 * tokens does not grow the database. Linux answers on all of 127.0.0.0/8, so the guesser has an
 * address of its own.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ASSERTION_TYPE, createKeyClient, signAssertion } from './support/key-client.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'

const GUESSER = '127.0.0.2'
const HERE = '127.0.0.1'
const GUESSES = 10_000
const CONNECTIONS = 16

let server: RunningServer
const connections = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

before(async () => {
  server = await startServer()
})
after(async () => {
  connections.destroy()
  await server.stop()
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

async function login(
  credentials: Readonly<Record<string, string>> | Credentials,
  {
    from = HERE,
    path = '/api/v1/login',
    agent = connections,
  }: { from?: string; path?: string; agent?: Agent | false } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.url)
  const outgoing = request({
    host: hostname,
    family: 4,
    port,
    path,
    method: 'POST',
    localAddress: from,
    agent,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'limits test' },
  })
  outgoing.end(new URLSearchParams({ ...credentials }).toString())
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const text = (await response.toArray()).join('')
  return { status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) }
}

/**
 * The status of a request of which only the headers are sent, and which waits for 100; null if the
 * server wants the body.
 */
async function statusWithoutBody(from: string): Promise<number | null> {
  const { hostname, port } = new URL(server.url)
  const outgoing = request({
    host: hostname,
    family: 4,
    port,
    path: '/api/v1/login',
    method: 'POST',
    localAddress: from,
    agent: false,
    headers: {
      ...{ 'content-type': 'application/json', 'content-length': 1000 },
      expect: '100-continue',
    },
  })
  outgoing.on('error', () => {})
  outgoing.flushHeaders()
  const continued = once(outgoing, 'continue').then(() => null)
  const answered = once(outgoing, 'response').then(([response]) => {
    assert.equal(response.headers.connection, 'close', 'the body will not come')
    return response.statusCode as number
  })
  for (const one of [continued, answered]) one.catch(() => {})
  const status = await Promise.race([continued, answered])
  outgoing.destroy()
  return status
}

async function newClient(name: string, ...options: string[]): Promise<Credentials> {
  const result = await server.miot(['clients', 'create', '--name', name, ...options, '--json'])
  assert.equal(result.status, 0, result.stderr)
  return JSON.parse(result.stdout)
}

/** Runs `miot` until its output passes: counters are written every few seconds. */
async function eventually<Value>(args: string[], passes: (value: Value) => boolean) {
  for (let tries = 0; ; tries++) {
    const { stdout } = await server.miot([...args, '--json'])
    const value = JSON.parse(stdout) as Value
    if (passes(value)) return value
    assert.ok(tries < 20, `not in the output: ${stdout}`)
    await sleep(500)
  }
}

interface Used {
  readonly secrets: { used: { uses: number; address: string; user_agent: string } | null }[]
}

function rowCounts(): Record<string, number> {
  const database = new DatabaseSync(join(server.dataDir, 'auth.db'), { readOnly: true })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    return Object.fromEntries(
      tables.map(({ name }) => [
        name as string,
        database.prepare(`SELECT count(*) AS rows FROM "${name}"`).get()?.rows as number,
      ]),
    )
  } finally {
    database.close()
  }
}

describe('issuing', () => {
  it('writes no rows except counters, one each for the client, its secret and its address', async () => {
    // The next key is created soon after the start, and is not counted.
    await eventually<{ keys: unknown[] }>(['keys', 'list'], ({ keys }) => keys.length === 2)
    const counted = rowCounts()
    for (let logins = 0; logins < 1000; logins += CONNECTIONS) {
      const answers = Array.from({ length: CONNECTIONS }, () => login(server.credentials))
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
    }
    type Wasteful = { clients: { client_id: string; tokens_valid: number; times_needed: number }[] }
    const { clients } = await eventually<Wasteful>(
      ['clients', 'list', '--wasteful'],
      ({ clients }) => (clients[0]?.tokens_valid ?? 0) >= 1000,
    )
    assert.equal(clients.length, 1)
    assert.equal(clients[0]?.client_id, server.credentials.client_id)
    assert.ok(clients[0].times_needed >= 500)
    const { activity = 0, ...others } = rowCounts()
    // Two kinds, by the hour and by the day; an hour may end during the test.
    assert.ok(activity - (counted.activity ?? 0) <= 8, `${activity} rows of activity`)
    const { activity: _, ...before } = counted
    assert.deepEqual(others, {
      ...before,
      client_addresses: (counted.client_addresses ?? 0) + 1,
      client_usage: (counted.client_usage ?? 0) + 1,
      secret_usage: (counted.secret_usage ?? 0) + 1,
    })
  })

  it('shows when, how often and from where a secret was used', async () => {
    const { client_id } = server.credentials
    const { secrets } = await eventually<Used>(
      ['secrets', 'list', client_id],
      ({ secrets }) => secrets[0]?.used !== null,
    )
    assert.equal(secrets[0]?.used?.address, HERE)
    assert.equal(secrets[0].used.user_agent, 'limits test')
    assert.ok(secrets[0].used.uses >= 1000)
  })

  it('does not list a client with one token as wasteful', async () => {
    const frugal = await newClient('Frugal')
    assert.equal((await login(frugal)).status, 200)
    await eventually<Used>(
      ['secrets', 'list', frugal.client_id],
      ({ secrets }) => secrets[0]?.used !== null,
    )
    const { stdout } = await server.miot(['clients', 'list', '--wasteful', '--json'])
    assert.doesNotMatch(stdout, new RegExp(frugal.client_id))
  })
})

describe('a token quota', () => {
  it('is in each token response and enforced when it is used up', async () => {
    const client = await newClient('Enforced', '--tokens-per-day', '2')
    const first = await login(client)
    assert.equal(first.status, 200)
    assert.equal(first.headers['ratelimit-policy'], '"tokens-per-day";q=2;w=86400')
    assert.match(String(first.headers.ratelimit), /^"tokens-per-day";r=1;t=\d+$/)
    assert.equal((await login(client)).status, 200)
    for (const path of ['/api/v1/login', '/oauth2/token']) {
      const refused = await login(client, { path })
      assert.equal(refused.status, 429)
      assert.equal(refused.body.error, 'temporarily_unavailable')
      const retryAfter = Number(refused.headers['retry-after'])
      assert.ok(retryAfter >= 1 && retryAfter <= 86_400)
      assert.equal(refused.headers.ratelimit, `"tokens-per-day";r=0;t=${retryAfter}`)
      assert.equal(refused.headers['cache-control'], 'no-store')
    }
  })

  it('that is only observed refuses nothing and is logged', async () => {
    const client = await newClient('Observed', '--tokens-per-hour', '1', '--quota-mode', 'observe')
    for (let logins = 0; logins < 3; logins++) {
      const { status, headers } = await login(client)
      assert.equal(status, 200)
      assert.equal(headers.ratelimit, undefined)
    }
    assert.match(server.output(), /"kind":"quota_exceeded","client_id":"\w+".*would be refused/)
  })

  it('is not in the responses of a client without one', async () => {
    const { headers } = await login(server.credentials)
    assert.equal(headers.ratelimit, undefined)
    assert.equal(headers['ratelimit-policy'], undefined)
  })
})

describe('ten thousand wrong guesses', () => {
  it('are stopped, and the right secret works throughout, from elsewhere and from the same address', async () => {
    const victim = await newClient('Victim')
    const neighbour = await newClient('Neighbour')
    const other = await newClient('Other')
    // It has worked before, so it also works from the guesser's address.
    assert.equal((await login(neighbour)).status, 200)
    const statuses = new Map<number, number>()
    let refusal: Answer | null = null
    let sent = 0
    async function guess(): Promise<void> {
      while (sent < GUESSES) {
        sent++
        // Well-formed, and some for unknown clients.
        const client_id = sent % 3 === 0 ? `client_made_up_${sent}` : victim.client_id
        const wrong = { ...victim, client_id, client_secret: other.client_secret }
        const answer = await login(wrong, { from: GUESSER })
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        if (answer.status === 429) refusal = answer
      }
    }
    const guessing = Promise.all(Array.from({ length: CONNECTIONS }, guess))
    let rightOnes = 0
    while (sent < GUESSES) {
      assert.equal((await login(victim)).status, 200)
      rightOnes++
    }
    await guessing
    assert.ok(rightOnes > 20, `${rightOnes} right logins`)
    assert.deepEqual([...statuses.keys()].sort(), [401, 429])
    assert.ok((statuses.get(401) ?? 0) <= 2400, `${statuses.get(401)} were checked`)

    const { status, headers, body } = refusal as unknown as Answer
    assert.equal(status, 429)
    assert.equal(body.error, 'temporarily_unavailable')
    assert.ok(Number(headers['retry-after']) >= 1)
    assert.match(String(headers['ratelimit-policy']), /^"[a-z-]+";q=\d+;w=60/)
    assert.match(String(headers.ratelimit), /^"[a-z-]+";r=0;t=\d+/)
    await sleep(1000)
    assert.equal((await login(neighbour, { from: GUESSER })).status, 200)
  })

  it('refuse no device at the same address that has authenticated, even over new connections', async () => {
    const from = '127.0.0.4'
    const device = await newClient('Behind a NAT')
    const other = await newClient('Guessed')
    const signer = await createKeyClient(server, 'ES256')
    const { audience, grant_type } = server.credentials
    const logins = [
      async () => device,
      async () => ({
        ...{ audience, grant_type, client_assertion_type: ASSERTION_TYPE },
        client_assertion: await signAssertion(signer, server.url),
      }),
    ]
    const loginAll = async (): Promise<number[]> => {
      const statuses: number[] = []
      for (const credentials of logins) {
        // A connection of its own each time, as devices have.
        const answer = await login(await credentials(), { from, agent: false })
        statuses.push(answer.status)
      }
      return statuses
    }
    assert.deepEqual(await loginAll(), [200, 200])
    const wrong = { ...other, client_id: server.credentials.client_id }
    let guesses = 0
    let refused = 0
    let guessing = true
    async function guess(): Promise<void> {
      while (guessing) {
        // The guessed client does not matter: the device, the one that signs, or an unknown one.
        const client_id = [device.client_id, signer.client_id, `client_${guesses}`][guesses % 3]
        const { status } = await login({ ...wrong, client_id: client_id as string }, { from })
        if (status === 429) refused++
        guesses++
      }
    }
    const guessers = Array.from({ length: CONNECTIONS }, guess)
    // An address without known clients reaches its ceiling with 3,000 at once and 50 more a second.
    const started = performance.now()
    const seconds = (): number => (performance.now() - started) / 1000
    const spent = (): boolean => guesses > 4000 + seconds() * 60
    try {
      while (!spent()) {
        assert.deepEqual(await loginAll(), [200, 200], `after ${guesses} guesses`)
        assert.ok(seconds() < 120, `only ${guesses} guesses`)
      }
      for (let rounds = 0; rounds < 20; rounds++) assert.deepEqual(await loginAll(), [200, 200])
    } finally {
      guessing = false
      await Promise.all(guessers)
    }
    assert.ok(refused > guesses / 2, `${refused} of ${guesses} guesses were refused`)
  })

  it('end with refusals of the address before a byte of a body is read', async () => {
    const other = await newClient('Wrong')
    const wrong = { ...other, client_id: server.credentials.client_id }
    let guessing = true
    async function guess(): Promise<void> {
      while (guessing) await login(wrong, { from: '127.0.0.3' })
    }
    const guessers = Array.from({ length: CONNECTIONS }, guess)
    let refused = false
    const end = Date.now() + 60_000
    while (!refused && Date.now() < end) {
      refused = (await statusWithoutBody('127.0.0.3')) === 429
    }
    guessing = false
    await Promise.all(guessers)
    assert.ok(refused)
    assert.equal(await statusWithoutBody(HERE), null, 'from another address the body is read')
  })
})
