/** `miot doctor`: checks the installation. One line per check, with what to do when it fails. */

import { existsSync, realpathSync, statSync } from 'node:fs'
import { type ClientView, createAuthServer, weaknessOf } from '@modulariot/auth'
import { requestToken } from '@modulariot/oauth/client'
import type { OAuthError } from '@modulariot/oauth/protocol'
import { createVerifier } from '@modulariot/oauth/resource-server'
import { assertOwnDirectory, assertPrivateFile, replaceableBy } from '@modulariot/platform/files'
import { loadTls, type TlsFiles } from '@modulariot/platform/http'
import { assertPrivateDatabase } from '@modulariot/platform/storage'
import type { Context } from '../command/context.ts'
import { sqliteFilesOf } from '../config/database.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { EXIT } from '../errors/cli-error.ts'
import { certificateFault } from '../network/certificate-fault.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import { table } from '../terminal/output.ts'
import { openInstallation } from './open-installation.ts'

interface Check {
  readonly name: string
  /** Returns the result; throws an Error that says what to do. */
  run(): Promise<string>
}

interface Finding {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
}

export async function doctor(context: Context): Promise<void> {
  const config = context.config()
  const findings: Finding[] = []
  for (const { name, run } of checksFor(config, context.fetch)) {
    const finding = await run().then(
      (detail) => ({ check: name, ok: true, detail }),
      (error: unknown) => ({ check: name, ok: false, detail: (error as Error).message }),
    )
    findings.push(finding)
  }
  const healthy = findings.every(({ ok }) => ok)
  context.output.print({ healthy, findings }, () =>
    table(
      ['', 'CHECK', 'RESULT'],
      findings.map(({ check, ok, detail }) => [ok ? 'ok' : 'FAIL', check, detail]),
    ),
  )
  if (!healthy) process.exitCode = EXIT.doctor
}

function checksFor(config: Config, fetch: Context['fetch']): Check[] {
  const { tls } = config
  return [
    { name: 'settings', run: async () => `issuer ${config.issuer}` },
    { name: 'data directory', run: async () => checkPrivate(config) },
    { name: 'store and keys', run: () => checkStore(config) },
    { name: 'client keys', run: () => checkClientKeys(config) },
    ...(tls === null ? [] : [{ name: 'certificate', run: async () => checkCertificate(tls) }]),
    { name: 'server', run: () => checkServer(config, fetch) },
    { name: 'login', run: () => checkLogin(config, fetch) },
    { name: 'verification', run: () => checkVerification(config, fetch) },
  ]
}

function checkPrivate(config: Config): string {
  const { encryptionKey, quickstart, auditCheckpoints } = filesOf(config)
  const { dataDir, database } = config
  if (!existsSync(dataDir)) throw new Error(`${dataDir} is missing: run miot serve`)
  assertOwnDirectory(dataDir)
  for (const path of [encryptionKey, quickstart, auditCheckpoints]) assertPrivateFile(path)
  if (database.kind === 'sqlite' && existsSync(database.directory)) {
    for (const path of Object.values(sqliteFilesOf(database.directory))) assertPrivateDatabase(path)
  }
  if (process.platform !== 'win32' && (statSync(dataDir).mode & 0o077) !== 0) {
    throw new Error(`${dataDir} is readable by other users: run chmod go-rwx ${dataDir}`)
  }
  const above = replaceableBy(realpathSync(dataDir))
  if (above !== null) {
    throw new Error(
      `every user can write to ${above} and so replace ${dataDir}: run chmod o-w ${above}`,
    )
  }
  return `${dataDir}, private`
}

async function checkStore(config: Config): Promise<string> {
  const { keys, store } = await openInstallation(config)
  try {
    const { clients } = await store.listClients({ after: null, limit: 1 })
    // Creating the server decrypts every signing key, which is the check.
    const server = await createAuthServer({
      issuer: config.issuer,
      store,
      installationKeys: keys,
      now: Date.now,
      onError: () => {},
    })
    server.close()
    return clients.length > 0
      ? 'signing keys can be decrypted; clients exist'
      : 'signing keys can be decrypted; no clients yet'
  } finally {
    await store.close()
  }
}

const CLIENTS_PER_PAGE = 500

/**
 * Finds weak keys that were registered before registration refused them. Logins with them fail.
 */
async function checkClientKeys(config: Config): Promise<string> {
  const { store } = await openInstallation(config)
  const weak: string[] = []
  let checked = 0
  try {
    let after: string | null = null
    do {
      const page = await store.listClients({ after, limit: CLIENTS_PER_PAGE })
      for (const client of page.clients) weak.push(...weakKeysOf(client))
      checked += page.clients.reduce((sum, { keys }) => sum + keys.length, 0)
      after = page.next
    } while (after !== null)
  } finally {
    await store.close()
  }
  if (weak.length === 0) return `${checked} registered, none known to be weak`
  throw new Error(
    `${weak.slice(0, 3).join('; ')}; ${weak.length} in total: ` +
      'create new key pairs and register them with miot clients update CLIENT --jwks FILE',
  )
}

function weakKeysOf({ client_id, keys }: Pick<ClientView, 'client_id' | 'keys'>): string[] {
  return keys.flatMap(({ kid, jwk }) => {
    const weakness = weaknessOf(jwk)
    return weakness === null ? [] : `the key ${kid} of ${client_id} ${weakness}`
  })
}

function checkCertificate(tls: TlsFiles): string {
  const { certificate } = loadTls(tls)
  const until = certificate.validToDate
  const day = until.toISOString().slice(0, 10)
  if (until.getTime() < Date.now()) throw new Error(`${tls.certFile} expired on ${day}: replace it`)
  return `${tls.certFile}, valid until ${day}`
}

async function checkServer(config: Config, fetch: Context['fetch']): Promise<string> {
  const url = `${config.issuer}/readyz`
  const init = { redirect: 'manual', signal: AbortSignal.timeout(5_000) } as const
  const response = await fetch(url, init).catch((error) => {
    const fault = certificateFault(error)
    if (fault !== null) throw new Error(`the certificate of ${url} ${fault}`)
    throw new Error(`${url} cannot be reached: is miot serve running?`)
  })
  if (!response.ok) throw new Error(`${url} returned ${response.status}: see the server's log`)
  const skewMs = Date.parse(response.headers.get('date') ?? '') - Date.now()
  if (Math.abs(skewMs) > 5_000) {
    const seconds = Math.round(Math.abs(skewMs) / 1000)
    const direction = skewMs > 0 ? 'ahead of' : 'behind'
    throw new Error(
      `the server's clock is ${seconds} s ${direction} this machine's: sync both (NTP)`,
    )
  }
  return `${url} is ready`
}

async function checkLogin(config: Config, fetch: Context['fetch']): Promise<string> {
  const { client_id, expires_in } = await login(config, fetch)
  return `${client_id} got a token, valid for ${expires_in} s`
}

/** As a remote API does: with the issuer's published metadata and keys. */
async function checkVerification(config: Config, fetch: Context['fetch']): Promise<string> {
  const { access_token, audience } = await login(config, fetch)
  const verifier = createVerifier({ issuer: config.issuer, audience, fetch })
  await verifier.verify(`Bearer ${access_token}`).catch((error: OAuthError) => {
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new Error(
      `the token does not verify with the published keys: ${error.error_description}${why}`,
    )
  })
  return 'the token verifies with the published keys'
}

async function login(config: Config, fetch: Context['fetch']) {
  const credentials = resolveCredentials(config)
  const answer = await requestToken(credentials, fetch).catch((error) => {
    const fault = certificateFault(error)
    throw fault === null
      ? error
      : new Error(`the certificate of ${credentials.token_endpoint} ${fault}`)
  })
  return { ...credentials, ...answer }
}
