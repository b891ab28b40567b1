/**
 * ModularIoT from Node without the SDK: a cached token, one report, and a batch whose retries
 * cannot double. Needs Node 20 or newer, and nothing else.
 *
 * Run it with the settings that `npm start` wrote: `node --env-file data/quickstart.env
 * examples/node/client.mjs`.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const MAX_TRIES = 5
const BASE_DELAY_MS = 500
const TIMEOUT_MS = 10_000
/** Beside failures of the network. 502 and 504 come from a proxy in front of the server. */
const RETRYABLE = new Set([429, 502, 503, 504])

/** Keeps one token until shortly before its end; however many wait, one login runs. */
class TokenCache {
  #held = null
  #login = null

  async get() {
    if (this.#held !== null && performance.now() < this.#held.usableUntil) return this.#held.token
    this.#login ??= logIn().finally(() => {
      this.#login = null
    })
    this.#held = await this.#login
    return this.#held.token
  }

  /** Drops this token, and no other: another caller may have replaced it since. */
  forget(token) {
    if (this.#held?.token === token) this.#held = null
  }
}

const tokenUrl = secureUrl('MIOT_TOKEN_URL')
const apiUrl = secureUrl('MIOT_API_URL')
const credentials = {
  grant_type: 'client_credentials',
  client_id: setting('MIOT_CLIENT_ID'),
  client_secret: setting('MIOT_CLIENT_SECRET'),
  audience: setting('MIOT_AUDIENCE'),
}
const tokens = new TokenCache()

function setting(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

/** Secrets and tokens leave this machine over TLS only. */
function secureUrl(name) {
  const { protocol, hostname } = new URL(setting(name))
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isLocal)) return setting(name)
  throw new Error(`${name} must be an https: URL`)
}

async function logIn() {
  const started = performance.now()
  const answer = await withRetries(() => post(tokenUrl, {}, new URLSearchParams(credentials)))
  if (answer.status !== 200) throw refusal('login', answer)
  const { access_token, expires_in, refresh_in = expires_in } = JSON.parse(answer.text)
  const usableSeconds = Math.min(refresh_in, expires_in - 60)
  return { token: access_token, usableUntil: started + usableSeconds * 1000 }
}

/** Posts a body under one request id, however many tries that takes. */
async function send(path, body) {
  const requestId = randomUUID()
  const text = JSON.stringify(body)
  for (let isSecond = false; ; isSecond = true) {
    const token = await tokens.get()
    const answer = await withRetries(() => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-request-id': requestId,
        'x-request-timestamp': String(Date.now() / 1000),
      }
      return post(`${apiUrl}${path}`, headers, text)
    })
    if (answer.status === 200) return JSON.parse(answer.text)
    if (answer.status !== 401 || isSecond) throw refusal(path, answer)
    tokens.forget(token)
  }
}

/** Repeats what may pass, and returns or throws the outcome of the last try. */
async function withRetries(attempt) {
  for (let failures = 1; ; failures++) {
    let retryAfterMs = 0
    try {
      const answer = await attempt()
      if (!RETRYABLE.has(answer.status) || failures === MAX_TRIES) return answer
      retryAfterMs = answer.retryAfterMs
    } catch (error) {
      if (failures === MAX_TRIES) throw error
    }
    const backoffMs = BASE_DELAY_MS * 2 ** (failures - 1) * (0.5 + Math.random() / 2)
    await sleep(Math.max(backoffMs, retryAfterMs * (1 + Math.random() / 4)))
  }
}

async function post(url, headers, body) {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  // A redirect could carry the token elsewhere.
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
  return {
    status: response.status,
    // A day at most: timers cannot wait for more than some weeks.
    retryAfterMs: Math.min(Number(response.headers.get('retry-after')) * 1000 || 0, 86_400_000),
    text: await response.text(),
  }
}

function refusal(what, { status, text }) {
  return new Error(`${what}: ${status} ${text}`)
}

function reading(latitude, ageSeconds = 0) {
  return {
    asset_id: process.env.ASSET_ID ?? 'TRUCK-001',
    timestamp: new Date(Date.now() - ageSeconds * 1000).toISOString(),
    gps: { latitude, longitude: -70.66 },
  }
}

try {
  await send('/v1/asset/track', reading(-33.45))
  console.log('report kept')

  // The last one is wrong on purpose. The keys let you cut the backlog differently next time.
  const backlog = [reading(-33.46, 30), reading(-33.47, 20), reading(123, 10)].map((report) => ({
    ...report,
    idempotency_key: randomUUID(),
  }))
  const { counts, results } = await send('/v1/asset/track/batch', backlog)
  console.log(`batch: ${counts.items - counts.refused} of ${counts.items} kept`)
  for (const { index, code, message, errors } of results.filter(({ code }) => code !== 200)) {
    console.log(`item ${index} refused: ${code} ${message} ${JSON.stringify(errors ?? {})}`)
  }
} catch (error) {
  console.error(error.message, error.cause?.code ?? '')
  process.exitCode = 1
}
