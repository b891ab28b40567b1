/** What help says below the options. */

import { EXIT } from '../errors/cli-error.ts'

/** The argument of a command for one client. */
export const CLIENT = 'its client_id, its external id or its exact name'

/** The arguments of a command for several. */
export const CLIENTS = 'client_ids, external ids or exact names'

/** @param commands as people type them, from `miot` on. */
export function examples(...commands: readonly string[]): string {
  return ['', 'Examples:', ...commands.map((command) => `  $ ${command}`)].join('\n')
}

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  failure: 'it failed, or some of it did',
  usage: 'wrong options, arguments or settings',
  not_found: 'what it names does not exist',
  auth: 'the server refused the client, its token or its permission',
  network: 'the server or the store cannot be reached, or does not answer',
  rate_limited: 'too many requests; try again later',
  doctor: 'miot doctor found a fault',
  interrupted: 'stopped by Ctrl-C or a signal; it printed how to go on',
}

/** The exit statuses of all commands. */
export function exitStatuses(): string {
  const rows = Object.entries(EXIT).map(
    ([code, status]) => `  ${String(status).padEnd(3)}  ${MEANINGS[code as keyof typeof EXIT]}`,
  )
  return ['', 'Exit status:', '  0    success', ...rows].join('\n')
}
