/** Options of commands that act as a client. */

import type { Command } from 'commander'
import { serverUrl } from './option-values.ts'

/** Options of every command that sends requests to the API. */
export function addApiOptions(command: Command): Command {
  return addClientOptions(command).option(
    '--api-url <url>',
    'base URL of the API (default: MIOT_API_URL)',
    serverUrl,
  )
}

/** The secret has no option: every user of the machine can see command lines. */
export function addClientOptions(command: Command): Command {
  return command
    .option(
      '--client-id <id>',
      'client id (default: MIOT_CLIENT_ID); set its secret with MIOT_CLIENT_SECRET',
    )
    .option('--audience <url>', 'API that the token is for (default: MIOT_AUDIENCE)')
    .option('--token-url <url>', 'token endpoint (default: MIOT_TOKEN_URL)', serverUrl)
}
