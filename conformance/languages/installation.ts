/**
 * What the programs meet: a server with TLS, whose certificate they trust as they would trust a
 * real one, a client of each kind, and tokens to verify, good and bad.
 */

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { FORGERIES, type Genuine } from '../support/forged-tokens.ts'
import { type RunningServer, startServer } from '../support/running-server.ts'
import { writeTlsFiles } from '../support/tls-files.ts'
import type { LibraryTest } from './clients.ts'

type Settings = Readonly<Record<string, string>>
type ClientKind = NonNullable<LibraryTest['client']>
type TokenType = NonNullable<LibraryTest['typ']>

export interface Installation {
  readonly url: string
  /** Of the quick start's client. */
  readonly audience: string
  /** The environment that makes every language trust the server's certificate. */
  readonly trust: Settings
  /** What a program of that client needs, in `MIOT_` variables. */
  readonly clients: Readonly<Record<ClientKind, Settings>>
  /** A new token of the quick start's client. */
  token(): Promise<string>
  /** Tokens for a verifier. @throws where this server has no such `typ`. */
  tokensToVerify(typ: TokenType): Promise<TokensToVerify>
  stop(): Promise<void>
}

export interface TokensToVerify {
  readonly audience: string
  readonly good: string
  /** By what is wrong with them. */
  readonly bad: Readonly<Record<string, string>>
}

interface Credentials {
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
}

const REQUEST_TIMEOUT_MS = 30_000
const TRUST_STORE_PASSWORD = 'changeit'
/** Longer than the lifetime of a token, and than any verifier's tolerance. */
const CLOCK_BEHIND = 'const now=Date.now;Date.now=()=>now()-2*86400000'
/** Authlib renews in the last 60 seconds. */
const SHORT_LIFETIME_SECONDS = '61'
const VERIFIED_FORGERIES = [
  'alg none without a signature',
  'HS256 keyed with our public key as PEM',
  'a token signed by another key under our kid',
  'an altered payload',
]

export async function startInstallation(): Promise<Installation> {
  const tls = writeTlsFiles('localhost')
  process.once('exit', () => tls[Symbol.dispose]())
  setDefaultCACertificates([...getCACertificates('default'), tls.cert])
  const server = await startServer(tls.settings)
  const quickstart = server.credentials
  const sets = new Map<TokenType, Promise<TokensToVerify>>()
  return {
    url: server.url,
    audience: quickstart.audience,
    trust: trustIn(tls.settings.MIOT_TLS_CERT, tls.folder),
    clients: {
      secret: settingsOf(quickstart),
      'short-lived': settingsOf(
        await createClient(server, '--token-lifetime', SHORT_LIFETIME_SECONDS),
      ),
      several: await createClientOfSeveral(server),
      key: await createKeyClient(server, tls.folder),
    },
    token: () => requestToken(server.url, quickstart),
    tokensToVerify(typ) {
      const known = sets.get(typ) ?? makeTokens(server, tls.settings, typ)
      sets.set(typ, known)
      return known
    },
    stop: () => server.stop(),
  }
}

/** Java reads a store of its own; `keytool` comes with it. */
export async function writeTrustStore({ trust }: Installation): Promise<void> {
  const args = ['-importcert', '-noprompt', '-alias', 'miot', '-storepass', TRUST_STORE_PASSWORD]
  await promisify(execFile)(
    'keytool',
    [...args, '-file', trust.SSL_CERT_FILE as string, '-keystore', trust.TRUST_STORE as string],
    { timeout: REQUEST_TIMEOUT_MS, killSignal: 'SIGKILL' },
  )
}

function trustIn(certificate: string, folder: string): Settings {
  const store = join(folder, 'trust.p12')
  const password = `-Djavax.net.ssl.trustStorePassword=${TRUST_STORE_PASSWORD}`
  return {
    NODE_EXTRA_CA_CERTS: certificate,
    REQUESTS_CA_BUNDLE: certificate,
    SSL_CERT_FILE: certificate,
    TRUST_STORE: store,
    JAVA_TOOL_OPTIONS: `-Djavax.net.ssl.trustStore=${store} ${password}`,
  }
}

function settingsOf({ client_id, client_secret }: Credentials): Settings {
  return { MIOT_CLIENT_ID: client_id, MIOT_CLIENT_SECRET: client_secret }
}

async function createClient(server: RunningServer, ...more: string[]): Promise<Credentials> {
  const created = await miot(server, ['clients', 'create', '--name', 'Interop', ...more])
  return { ...(created as Credentials), audience: server.credentials.audience }
}

async function createClientOfSeveral(server: RunningServer): Promise<Settings> {
  const other = 'https://other.plant.example/v1'
  await miot(server, ['audiences', 'create', other, '--scope', 'plant:read'])
  const client = await createClient(server)
  await miot(server, ['clients', 'update', client.client_id, '--audience', other])
  return settingsOf(client)
}

/** RS256, which all libraries take by default; the key as PEM and as JWK. */
async function createKeyClient(server: RunningServer, folder: string): Promise<Settings> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const files = {
    MIOT_KEY_FILE: join(folder, 'key.pem'),
    MIOT_JWK_FILE: join(folder, 'key.json'),
  }
  const jwks = join(folder, 'jwks.json')
  const kid = 'interop'
  writeFileSync(files.MIOT_KEY_FILE, await exportPKCS8(privateKey), { mode: 0o600 })
  const jwk = JSON.stringify({ ...(await exportJWK(privateKey)), kid })
  writeFileSync(files.MIOT_JWK_FILE, jwk, { mode: 0o600 })
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid }] }))
  const { client_id } = await createClient(server, '--jwks', jwks)
  return { MIOT_CLIENT_ID: client_id, ...files }
}

/** The JSON that a command prints. @throws an error with what it complained about. */
async function miot(server: RunningServer, args: readonly string[]): Promise<unknown> {
  const { status, stdout, stderr } = await server.miot([...args, '--json'])
  if (status !== 0) throw new Error(`miot ${args.join(' ')}: ${stderr}`)
  return JSON.parse(stdout)
}

async function requestToken(url: string, credentials: Credentials): Promise<string> {
  const { client_id, client_secret, audience } = credentials
  const grant_type = 'client_credentials'
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type, client_id, client_secret, audience }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`No token: ${response.status}`)
  return ((await response.json()) as { access_token: string }).access_token
}

async function makeTokens(
  server: RunningServer,
  tls: Settings,
  typ: TokenType,
): Promise<TokensToVerify> {
  const client = await createClientOf(server, `${typ.replace('+', '-')}.plant.example`, typ)
  // Of the same type, so that only the audience can be the reason to refuse its token.
  const other = await createClientOf(server, `${typ.replace('+', '-')}.office.example`, typ)
  const good = await requestToken(server.url, client)
  const keys = await fetch(`${server.url}/.well-known/jwks.json`)
  const jwk = ((await keys.json()) as { keys: Genuine['jwk'][] }).keys[0] as Genuine['jwk']
  const sibling = (more: Settings) => tokenOfSibling(server, client, { ...tls, ...more })
  return {
    audience: client.audience,
    good,
    bad: {
      'of another audience': await requestToken(server.url, other),
      'of another issuer': await sibling({}),
      'that has expired': await sibling({
        MIOT_ISSUER: server.url,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CLOCK_BEHIND)}`,
      }),
      ...(await forge({ token: good, jwk })),
    },
  }
}

/** With an audience of its own, whose tokens have that `typ`. */
async function createClientOf(
  server: RunningServer,
  host: string,
  typ: TokenType,
): Promise<Credentials> {
  const audience = `https://${host}/v1`
  const type = typ === 'at+jwt' ? [] : ['--typ', typ]
  await miot(server, ['audiences', 'create', audience, '--scope', 'plant:read', ...type])
  return { ...(await createClient(server, '--audience', audience)), audience }
}

/** Signed with the same keys, by a server with other settings. */
async function tokenOfSibling(
  { dataDir }: RunningServer,
  client: Credentials,
  settings: Settings,
): Promise<string> {
  const sibling = await startServer({ MIOT_DATA_DIR: dataDir, ...settings })
  try {
    return await requestToken(sibling.url, client)
  } finally {
    await sibling.stop()
  }
}

async function forge(genuine: Genuine): Promise<Record<string, string>> {
  const chosen = FORGERIES.filter(({ what }) => VERIFIED_FORGERIES.includes(what))
  const forged = chosen.map(async ({ what, forge: make }) => [what, await make(genuine)] as const)
  return Object.fromEntries(await Promise.all(forged))
}
