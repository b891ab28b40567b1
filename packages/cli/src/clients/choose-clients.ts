/** The clients that a command for many of them is about: named, in a file, or found by a filter. */

import { readFileSync } from 'node:fs'
import type { ClientView } from '@modulariot/auth'
import { AdminError } from '@modulariot/auth/values'
import { withoutBom } from '@modulariot/platform/json'
import type { Admin } from '../administration/port.ts'
import { CliError } from '../errors/cli-error.ts'
import { withClient } from './find-client.ts'
import { clientsOf, type ListOptions } from './list-clients.ts'

export type Filter = Pick<ListOptions, 'tag' | 'search' | 'neverUsed' | 'unusedFor' | 'environment'>

export interface Choice extends Filter {
  /** Names of clients, one per line. */
  readonly file?: string
}

/** A chosen client. Only those of a filter say when they were last used. */
export type Chosen = ClientView & { readonly last_used_at?: string | null }

const FILTERS = ['tag', 'search', 'neverUsed', 'unusedFor'] as const

/**
 * All are found before any is changed.
 *
 * @param names as a command line names clients, see `withClient`.
 * @throws CliError usage for none, or for two ways at once; `not_found` when a filter finds none.
 */
export async function chooseClients(
  admin: Admin,
  names: readonly string[],
  choice: Choice,
): Promise<Chosen[]> {
  assertOneWay(names, choice)
  if (names.length > 0)
    return findAll(
      admin,
      names.map((name) => [name, name] as const),
      'the names',
    )
  if (choice.file !== undefined) return ofFile(admin, choice.file)
  const clients: Chosen[] = []
  for await (const client of clientsOf(admin, choice)) clients.push(client)
  if (clients.length === 0) {
    const tag = choice.tag === undefined ? 'is found' : `has the tag ${choice.tag}`
    throw new CliError('not_found', `No client ${tag}`)
  }
  return clients
}

/** @throws CliError usage. */
export function assertOneWay(names: readonly string[], choice: Choice): void {
  const isFiltered = FILTERS.some((name) => choice[name] !== undefined)
  const ways = [names.length > 0, choice.file !== undefined, isFiltered]
  if (!isFiltered && choice.environment !== undefined) {
    throw new CliError('usage', '--environment narrows --tag, --search, --never-used, --unused-for')
  }
  if (ways.filter(Boolean).length === 1) return
  throw new CliError('usage', 'Name the clients: as arguments, or by --tag, or in a --file')
}

async function ofFile(admin: Admin, file: string): Promise<Chosen[]> {
  const lines = linesOf(file).map((line, index) => [`line ${index + 1}`, line.trim()] as const)
  const named = lines.filter(([, name]) => name !== '' && !name.startsWith('#'))
  if (named.length === 0) throw new CliError('usage', `${file} names no client`)
  return findAll(admin, named, file)
}

/** @param named each with where it stands. @param source what is to be corrected. */
async function findAll(
  admin: Admin,
  named: readonly (readonly [place: string, name: string])[],
  source: string,
): Promise<Chosen[]> {
  const clients = new Map<string, ClientView>()
  const faults: Record<string, string> = {}
  for (const [place, name] of named) {
    try {
      const client = await withClient(admin, name, admin.getClient)
      clients.set(client.client_id, client)
    } catch (error) {
      faults[place] = refusalOf(error)
    }
  }
  if (Object.keys(faults).length > 0) {
    throw new CliError('usage', `Nothing was changed; correct ${source}:`, faults)
  }
  return [...clients.values()]
}

function linesOf(file: string): string[] {
  try {
    return withoutBom(readFileSync(file, 'utf8')).split('\n')
  } catch (error) {
    throw new CliError('usage', `Cannot read ${file}: ${(error as Error).message}`)
  }
}

/** @throws `error` when it concerns more than one client: the network, the token, the disk. */
export function refusalOf(error: unknown): string {
  const ofOne =
    error instanceof AdminError ||
    (error instanceof CliError && ['usage', 'not_found', 'failure'].includes(error.code))
  if (!ofOne) throw error
  return error.message
}

const DAY_MS = 86_400_000

/** Nothing when it is not known, as for clients that were named. */
export function usedLately(clients: readonly Chosen[]): string[] {
  if (!clients.some(({ last_used_at }) => last_used_at !== undefined)) return []
  const since = new Date(Date.now() - DAY_MS).toISOString()
  const used = clients.filter(({ last_used_at }) => (last_used_at ?? '') >= since)
  return [`${used.length} of them were used in the last 24 hours.`]
}
