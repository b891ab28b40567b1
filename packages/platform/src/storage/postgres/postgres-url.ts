/**
 * The URL of a PostgreSQL database, read without connecting and without reading files.
 *
 * Its parameters are an allowlist with libpq's names: one that were ignored could mean TLS to the
 * person who wrote it, and plaintext to the driver. Never repeats a value, which may be a password.
 */

import { nearest } from '../../nearest.ts'

export interface PostgresUrl {
  /** A name, an address, or the directory of a Unix socket. Undefined: `PGHOST`, or localhost. */
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly password?: string
  readonly database: string
  /** Undefined: what `PGSSLMODE` says, or no TLS. */
  readonly tls?: TlsMode
  /** Paths of PEM files. */
  readonly tlsFiles: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** Starts TLS without asking first; PostgreSQL 17 and newer. */
  readonly directTls: boolean
  /** Undefined: the default. */
  readonly connectTimeoutMs?: number
}

/** `unverified` encrypts, and accepts any certificate. */
export type TlsMode = 'off' | 'verified' | 'unverified'

/** The weaker modes of libpq encrypt and verify, too: none of them falls back to plaintext. */
const SSL_MODES: Readonly<Record<string, TlsMode>> = {
  disable: 'off',
  allow: 'verified',
  prefer: 'verified',
  require: 'verified',
  'verify-ca': 'verified',
  'verify-full': 'verified',
  'no-verify': 'unverified',
}

const MAX_CONNECT_TIMEOUT_SECONDS = 600

const PARAMETERS = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'connect_timeout',
  'host',
  'port',
  'user',
  'password',
] as const
type Parameter = (typeof PARAMETERS)[number]

/** What other drivers call them. */
const OTHER_NAMES: Readonly<Record<string, Parameter>> = {
  ssl: 'sslmode',
  tls: 'sslmode',
  usessl: 'sslmode',
  tlsmode: 'sslmode',
  sslca: 'sslrootcert',
  timeout: 'connect_timeout',
}

/**
 * @param text `postgres://user:password@host:5432/database`, with parameters of the list above.
 * @throws Error whose message continues "the URL", without any value of the URL.
 */
export function parsePostgresUrl(text: string): PostgresUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^postgres(ql)?:\/\//.test(text) || /\s/.test(text)) throw unreadable()
  // Everything after it would be ignored, such as the sslmode after a password with a `#`.
  if (text.includes('#')) throw new Error('has a #; percent-encode it as %23')
  if (!/^\/[^/]+$/.test(url.pathname)) {
    throw new Error('must name a database, such as postgres://user:password@host:5432/modulariot')
  }
  const given = parametersOf(url.searchParams)
  const { sslmode, sslrootcert, sslcert, sslkey, sslnegotiation } = given
  const files = {
    ...(sslrootcert !== undefined && { ca: sslrootcert }),
    ...(sslcert !== undefined && { cert: sslcert }),
    ...(sslkey !== undefined && { key: sslkey }),
  }
  const directTls = parseNegotiation(sslnegotiation)
  // A certificate or a direct start without a mode means TLS.
  const impliesTls = directTls || Object.keys(files).length > 0
  const tls = sslmode === undefined ? (impliesTls ? 'verified' : undefined) : parseMode(sslmode)
  if (tls === 'off' && impliesTls) {
    throw new Error('has sslmode=disable beside parameters of TLS; remove one or the others')
  }
  const host = given.host ?? decode(url.hostname).replace(/^\[(.+)\]$/, '$1')
  const port = given.port ?? url.port
  const user = given.user ?? decode(url.username)
  const password = given.password ?? decode(url.password)
  return {
    ...(host !== '' && { host }),
    ...(port !== '' && { port: wholeNumber('port', port, 65_535) }),
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
    database: decode(url.pathname.slice(1)),
    ...(tls !== undefined && { tls }),
    tlsFiles: files,
    directTls,
    ...(given.connect_timeout !== undefined && {
      connectTimeoutMs:
        1000 * wholeNumber('connect_timeout', given.connect_timeout, MAX_CONNECT_TIMEOUT_SECONDS),
    }),
  }
}

function parametersOf(search: URLSearchParams): Partial<Record<Parameter, string>> {
  const given: Partial<Record<Parameter, string>> = {}
  for (const [name, value] of search) {
    if (!isKnown(name)) throw unknownParameter(name)
    if (given[name] !== undefined) throw new Error(`has the parameter ${name} twice`)
    if (value === '') throw new Error(`has the parameter ${name} without a value`)
    given[name] = value
  }
  return given
}

const isKnown = (name: string): name is Parameter => PARAMETERS.some((known) => known === name)

function unknownParameter(name: string): Error {
  const list = PARAMETERS.join(', ')
  // Anything else may be part of a password that was not percent-encoded.
  if (!/^\w{1,40}$/.test(name)) return new Error(`has an unknown parameter; it may have: ${list}`)
  const lower = name.toLowerCase()
  const meant = OTHER_NAMES[lower] ?? nearest(lower, PARAMETERS)
  return new Error(`has the unknown parameter ${name}; did you mean ${meant}? It may have: ${list}`)
}

function parseMode(text: string): TlsMode {
  const mode = Object.hasOwn(SSL_MODES, text) ? SSL_MODES[text] : undefined
  if (mode === undefined) {
    throw new Error(`has an sslmode that is none of ${Object.keys(SSL_MODES).join(', ')}`)
  }
  return mode
}

function parseNegotiation(text = 'postgres'): boolean {
  if (text !== 'postgres' && text !== 'direct') {
    throw new Error('has an sslnegotiation that is neither postgres nor direct')
  }
  return text === 'direct'
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > max) {
    throw new Error(`has a ${name} that is not a whole number from 1 to ${max}`)
  }
  return value
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unreadable()
  }
}

function unreadable(): Error {
  return new Error(
    'cannot be read as a URL: write postgres://user:password@host:5432/database, with what is special in a password percent-encoded',
  )
}
