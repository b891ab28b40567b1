/**
 * The programs of PostgreSQL, which alone know how to write and read all of a database: `pg_dump`
 * and `pg_restore`, connected as we connect.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parsePostgresUrl, type TlsMode } from '@modulariot/platform/postgres-url'
import type { Environment } from '../config/read-settings.ts'
import { CliError } from '../errors/cli-error.ts'

export type ProgramName = 'pg_dump' | 'pg_restore'

export interface PostgresProgram {
  readonly name: ProgramName
  /** Major version. */
  readonly major: number
}

interface Run {
  /** Descriptor for standard output. Without it, the output is returned. */
  readonly stdout?: number
  readonly env: Environment
}

/** @throws CliError when it is missing, or too old for the server. */
export async function findProgram(
  name: ProgramName,
  env: Environment,
  serverMajor: number,
): Promise<PostgresProgram> {
  const printed = await runProgram(name, ['--version'], { env: withoutSettings(env) })
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(printed)?.[1])
  if (major >= serverMajor) return { name, major }
  const found = Number.isNaN(major) ? 'of an unknown version' : `version ${major}`
  throw new CliError(
    'failure',
    `The database is PostgreSQL ${serverMajor}, and ${name} on the PATH is ${found}: install ${packageOf(serverMajor)}, ` +
      'and put its directory first in PATH',
  )
}

const packageOf = (major: number | null): string =>
  major === null
    ? 'postgresql-client (Debian, Ubuntu), postgresql (Fedora) or libpq (Homebrew)'
    : `postgresql-client-${major} (Debian, Ubuntu; from apt.postgresql.org if your release lacks it)`

/**
 * Runs the program to its end, or until this process exits.
 *
 * @returns what it printed.
 * @throws CliError with its own message. It has no password: the arguments have none.
 */
export async function runProgram(
  name: ProgramName,
  args: readonly string[],
  { stdout, env }: Run,
): Promise<string> {
  const child = spawn(name, args, {
    env: { ...env, LC_ALL: 'C' },
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
  })
  // A signal that ends us goes to this process alone, unless a terminal sends it.
  const stop = (): void => void child.kill('SIGTERM')
  process.once('exit', stop)
  let printed = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-4000)
  })
  let status: number | null
  try {
    ;[status] = (await once(child, 'close')) as [number | null]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw new CliError('failure', `${name} cannot be run (${code})`)
    throw new CliError('not_found', `${name} is not on the PATH: install ${packageOf(null)}`)
  } finally {
    process.off('exit', stop)
  }
  if (status === 0) return printed
  throw new CliError('failure', [`${name} failed (${status ?? 'killed'}):`, ...linesOf(errors)])
}

const linesOf = (text: string): string[] => text.trim().split('\n').slice(-10)

const MODES: Readonly<Record<TlsMode, string>> = {
  off: 'disable',
  verified: 'verify-full',
  unverified: 'require',
}

/** Since libpq 16: the certificate authorities of the system, which are ours, too. */
const SYSTEM_ROOTS = 16

/**
 * The environment with which a program of PostgreSQL connects as we do. The password is in it and
 * not in the arguments, which every user of the machine can list.
 *
 * @throws CliError when the program cannot verify the server's certificate as we do.
 */
export function connectionEnvironment(
  url: string,
  env: Environment,
  { name, major }: PostgresProgram,
): Environment {
  const { host, port, user, password, database, tls, tlsFiles, directTls, connectTimeoutMs } =
    parsePostgresUrl(url)
  const mode = tls ?? modeOf(env.PGSSLMODE)
  if (mode === 'verified' && tlsFiles.ca === undefined && major < SYSTEM_ROOTS) {
    throw new CliError(
      'failure',
      `${name} ${major} needs the certificate authority in a file: add sslrootcert=/path/ca.pem to the URL, or install ` +
        `postgresql-client-${SYSTEM_ROOTS} or newer`,
    )
  }
  return {
    ...withoutSettings(env),
    PGHOST: host ?? env.PGHOST ?? 'localhost',
    PGPORT: port === undefined ? env.PGPORT : String(port),
    PGUSER: user ?? env.PGUSER,
    PGPASSWORD: password ?? env.PGPASSWORD,
    PGDATABASE: database,
    PGSSLMODE: MODES[mode],
    PGSSLROOTCERT: mode === 'verified' ? (tlsFiles.ca ?? 'system') : undefined,
    PGSSLCERT: tlsFiles.cert,
    PGSSLKEY: tlsFiles.key,
    PGSSLNEGOTIATION: directTls ? 'direct' : undefined,
    PGCONNECT_TIMEOUT:
      connectTimeoutMs === undefined ? undefined : String(Math.ceil(connectTimeoutMs / 1000)),
  }
}

/** The weaker modes verify, too, as in the URL. */
function modeOf(sslmode: string | undefined): TlsMode {
  if (sslmode === undefined || sslmode === 'disable') return 'off'
  return sslmode === 'no-verify' ? 'unverified' : 'verified'
}

/** Without our secrets, and without variables that would redirect the connection. */
function withoutSettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(PG|MIOT_)/.test(name)))
}
