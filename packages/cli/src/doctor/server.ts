/** The running server, as clients see it: its certificate, ports, readiness, clock and tokens. */

import { connect } from 'node:net'
import { boundedText, requestToken } from '@modulariot/oauth/client'
import type { OAuthError } from '@modulariot/oauth/protocol'
import { createVerifier } from '@modulariot/oauth/resource-server'
import { loadTls } from '@modulariot/platform/http'
import { type Config, filesOf } from '../config/parse-config.ts'
import { certificateFault } from '../network/certificate-fault.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import { type Check, type CheckContext, fault, ok, type Result, skipped, warn } from './check.ts'
import { isThere } from './files.ts'
import { skewResult } from './store.ts'

const START = 'start miot serve, or see its log'

export const SERVER_CHECKS: readonly Check[] = [
  {
    name: 'certificate',
    about: 'installation',
    remedy: 'correct the files of MIOT_TLS_CERT and MIOT_TLS_KEY',
    run: async ({ config }) => checkCertificate(config),
  },
  {
    name: 'ports',
    about: 'installation',
    remedy: 'set MIOT_PORT and MIOT_METRICS_PORT to free ports',
    run: ({ config, fetch }) => checkPorts(config, fetch),
  },
  { name: 'server', about: 'server', remedy: START, run: checkServer },
  { name: 'server clock', about: 'server', remedy: START, run: checkServerClock },
  {
    name: 'login',
    about: 'server',
    remedy: 'set MIOT_CLIENT_ID and MIOT_CLIENT_SECRET to a client that may log in',
    run: checkLogin,
  },
  {
    name: 'verification',
    about: 'server',
    remedy: 'check that MIOT_ISSUER is the URL at which clients reach the server',
    run: checkVerification,
  },
]

const DAY_MS = 86_400_000
const WARN_DAYS = 21

function checkCertificate({ tls }: Config): Result {
  if (tls === null) return skipped('MIOT_TLS_CERT is not set')
  const until = loadTls(tls).certificate.validToDate
  return certificateResult(tls.certFile, until.getTime(), Date.now())
}

/** @param untilMs when it ends, Unix milliseconds, as `nowMs`. */
export function certificateResult(file: string, untilMs: number, nowMs: number): Result {
  const day = new Date(untilMs).toISOString().slice(0, 10)
  if (untilMs < nowMs) return fault(`${file} expired on ${day}`, 'replace it')
  const days = Math.floor((untilMs - nowMs) / DAY_MS)
  if (days < WARN_DAYS) {
    return warn(`${file}, valid until ${day}, ${days} days from now`, 'replace it before that day')
  }
  return ok(`${file}, valid until ${day}`)
}

const TIMEOUT_MS = 5000

async function checkPorts(config: Config, fetch: Fetch): Promise<Result> {
  const { port, metricsPort, tls } = config
  const host = ONE_OF_ALL[config.host] ?? config.host
  const listening = await isListening(host, port)
  // The name in a certificate is that of the issuer, which the next check uses.
  if (listening && tls === null && !(await isOurs(fetch, `http://${urlHost(host)}:${port}`))) {
    return fault(
      `port ${port} on ${host} is used by another program`,
      'set MIOT_PORT to a free one',
    )
  }
  if (metricsPort !== null && (await isListening('127.0.0.1', metricsPort))) {
    const page = await textOf(fetch, `http://127.0.0.1:${metricsPort}/metrics`).catch(() => null)
    if (!page?.text.includes('\nmiot_')) {
      return fault(
        `port ${metricsPort} on 127.0.0.1, for metrics, is used by another program`,
        'set MIOT_METRICS_PORT to another port, or to 0 for no metrics',
      )
    }
  }
  const metrics = metricsPort === null ? 'no metrics' : `metrics on ${metricsPort}`
  return ok(`${host}:${port} is ${listening ? 'served' : 'free'}; ${metrics}`)
}

/** Where to reach a server that listens on all addresses. */
const ONE_OF_ALL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS })
    const done = (listening: boolean) => () => {
      socket.destroy()
      resolve(listening)
    }
    socket.once('connect', done(true)).once('error', done(false)).once('timeout', done(false))
  })
}

type Fetch = CheckContext['fetch']

/** More than our longest answer to these questions; the metrics page is the longest. */
const MAX_BYTES = 4 * 1024 ** 2

async function textOf(fetch: Fetch, url: string) {
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return { response, text: await boundedText(response, MAX_BYTES) }
}

async function isOurs(fetch: Fetch, base: string): Promise<boolean> {
  return textOf(fetch, `${base}/readyz`).then(
    ({ text }) => readinessOf(text) !== null,
    () => false,
  )
}

interface Readiness {
  readonly status: string
  readonly checks: Readonly<Record<string, unknown>>
  readonly damaged?: unknown
  readonly unwritable?: unknown
}

/** Null when it is no answer of ours: a proxy's page, another program's health check. */
export function readinessOf(text: string): Readiness | null {
  try {
    const { status, checks, damaged, unwritable } = JSON.parse(text)
    if (typeof status !== 'string' || typeof checks?.auth !== 'string') return null
    return { status, checks, damaged, unwritable }
  } catch {
    return null
  }
}

async function checkServer({ url, fetch }: CheckContext): Promise<Result> {
  const ready = `${url}/readyz`
  const { response, text } = await textOf(fetch, ready).catch((error) => {
    const certificate = certificateFault(error)
    if (certificate !== null) throw new Error(`the certificate of ${ready} ${certificate}`)
    throw new Error(`${ready} cannot be reached: start miot serve, or correct MIOT_ISSUER`)
  })
  const readiness = readinessOf(text)
  if (response.ok && readiness === null) {
    return fault(
      `${ready} is answered by another program`,
      'set MIOT_ISSUER to the URL at which clients reach miot serve, or correct the proxy in front',
    )
  }
  if (!response.ok) {
    return fault(
      `${ready} returned ${response.status}${readiness === null ? '' : describe(readiness)}`,
      "see the server's log",
    )
  }
  if (readiness?.status === 'degraded') {
    return warn(`${ready} is degraded${describe(readiness)}`, "see the server's log")
  }
  return ok(`${ready} is ready`)
}

function describe({ checks, damaged, unwritable }: Readiness): string {
  const parts = Object.entries(checks).map(([name, status]) => `${name} ${status}`)
  if (Array.isArray(damaged)) parts.push(`damaged: ${damaged.join(', ')}`)
  if (Array.isArray(unwritable)) parts.push(`cannot write: ${unwritable.join(', ')}`)
  return ` (${parts.join('; ')})`
}

/** `Date` has whole seconds. */
const HALF_SECOND_MS = 500

async function checkServerClock({ url, fetch }: CheckContext): Promise<Result> {
  const began = Date.now()
  const answered = await textOf(fetch, `${url}/livez`).catch(() => null)
  const there = Date.parse(answered?.response.headers.get('date') ?? '')
  if (Number.isNaN(there)) return skipped('the server does not answer with a time')
  return skewResult(there + HALF_SECOND_MS - (began + Date.now()) / 2, 'the server')
}

async function checkLogin(context: CheckContext): Promise<Result> {
  if (lacksClient(context.config)) return NO_CLIENT
  const { client_id, expires_in } = await login(context)
  return ok(`${client_id} got a token, valid for ${expires_in} s`)
}

/** As a remote API does: with the issuer's published metadata and keys. */
async function checkVerification(context: CheckContext): Promise<Result> {
  if (lacksClient(context.config)) return NO_CLIENT
  const { fetch, url } = context
  const token = await login(context).catch(() => null)
  if (token === null) return skipped('there is no token to verify')
  const { access_token, audience } = token
  const verifier = createVerifier({ issuer: url, audience, fetch })
  await verifier.verify(`Bearer ${access_token}`).catch((error: OAuthError) => {
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new Error(
      `the token does not verify with the published keys: ${error.error_description}${why}`,
    )
  })
  return ok('the token verifies with the published keys')
}

const NO_CLIENT = skipped(
  'no client is configured here; MIOT_CLIENT_ID and MIOT_CLIENT_SECRET name one',
)

/** A second instance on the same database has no `quickstart.env`. */
function lacksClient(config: Config): boolean {
  const { clientId, clientSecret } = config.client
  return clientId === null && clientSecret === null && !isThere(filesOf(config).quickstart)
}

const logins = new WeakMap<CheckContext, ReturnType<typeof requestLogin>>()

/** Once a run: both checks use the token, and a client that logs in twice would be wasteful. */
function login(context: CheckContext): ReturnType<typeof requestLogin> {
  const login = logins.get(context) ?? requestLogin(context)
  logins.set(context, login)
  return login
}

async function requestLogin({ config, fetch, url, remote }: CheckContext) {
  // An administrator, who sets no audience for any other command with --url.
  const isAdministrator = config.client.clientId !== null && config.client.audience === null
  const options = remote
    ? {
        tokenUrl: `${url}/api/v1/login`,
        ...(isAdministrator && { audience: `${url}/admin/v1` }),
      }
    : {}
  const credentials = resolveCredentials(config, options)
  const answer = await requestToken(credentials, fetch).catch((error) => {
    const certificate = certificateFault(error)
    throw certificate === null
      ? error
      : new Error(`the certificate of ${credentials.token_endpoint} ${certificate}`)
  })
  return { ...credentials, ...answer }
}
