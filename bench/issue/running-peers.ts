/**
 * Servers of others that run already, such as Hydra, Keycloak or Spring: `--peer` puts the same
 * load on them.
 */

import { readFileSync } from 'node:fs'
import type { ParseArgsOptionsConfig } from 'node:util'
import { withDescendants } from '../support/descendants.ts'
import { UsageError } from '../support/options.ts'
import type { BenchClient, Target } from './clients.ts'

export const PEER_OPTIONS = {
  // NAME=URL,PID,…: the token endpoint, and the processes whose CPU time counts, with all that
  // these have started: the server, its database.
  peer: { type: 'string', multiple: true, default: [] },
  // NAME=FILE: a client_id and a client_secret a line, with a comma between.
  'peer-clients': { type: 'string', multiple: true, default: [] },
  // NAME=PARAMETERS: what else its token requests have, as in a form: scope=a+b&audience=c
  'peer-parameters': { type: 'string', multiple: true, default: [] },
} satisfies ParseArgsOptionsConfig

export interface RunningPeer extends Target {
  readonly name: string
  readonly port: number
  readonly pids: () => readonly number[]
  readonly clients: readonly BenchClient[]
  readonly rows: readonly string[]
}

/** It is asked what every server of client credentials answers, for tokens signed with RS256. */
const ROWS = ['RS256', 'refused']

/** @throws UsageError */
export function runningPeers(
  options: Readonly<Record<keyof typeof PEER_OPTIONS, readonly string[]>>,
): RunningPeer[] {
  const files = byName('peer-clients', options['peer-clients'])
  const parameters = byName('peer-parameters', options['peer-parameters'])
  const peers = byName('peer', options.peer)
  for (const name of [...files.keys(), ...parameters.keys()]) {
    if (!peers.has(name)) throw new UsageError(`there is no --peer ${name}=URL,PID`)
  }
  return [...peers].map(([name, place]) => {
    const file = files.get(name)
    if (file === undefined) throw new UsageError(`--peer ${name} needs --peer-clients ${name}=FILE`)
    const own = parameters.get(name)
    return {
      ...placeOf(name, place),
      clients: clientsIn(file),
      parameters: Object.fromEntries(new URLSearchParams(own ?? '')),
      rows: ROWS,
    }
  })
}

function byName(option: string, values: readonly string[]): Map<string, string> {
  return new Map(
    values.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`--${option} ${text}: write NAME=…`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

function placeOf(name: string, place: string) {
  const [address = '', ...numbers] = place.split(',')
  const url = URL.parse(address)
  const pids = numbers.map(Number)
  const known = pids.length > 0 && pids.every((pid) => Number.isInteger(pid) && pid > 1)
  if (url?.protocol !== 'http:' || !isHere(url.hostname) || !known) {
    throw new UsageError(
      `--peer ${name}=${place}: write http://localhost:PORT/PATH,PID with one or more process ids`,
    )
  }
  return {
    name,
    port: Number(url.port === '' ? 80 : url.port),
    issuer: url.origin,
    path: url.pathname,
    pids: () => withDescendants(pids),
  }
}

/** The load goes over plain HTTP to 127.0.0.1. */
const isHere = (host: string): boolean => host === 'localhost' || host === '127.0.0.1'

function clientsIn(file: string): BenchClient[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const clients = lines.map((line, index) => {
    const [client_id, client_secret, ...more] = line.trim().split(',')
    if (!client_id || !client_secret || more.length > 0) {
      throw new UsageError(`${file}, line ${index + 1}: write client_id,client_secret`)
    }
    return { client_id, client_secret }
  })
  if (clients.length < 2) throw new UsageError(`${file}: at least two clients`)
  return clients
}
