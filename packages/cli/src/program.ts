/**
 * The commands of `miot`, as noun and verb. Each noun's commands are in its folder's commands.ts.
 */

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addAssets } from './assets/commands.ts'
import { addAudiences } from './audiences/commands.ts'
import { addAudit } from './audit/commands.ts'
import { addClients, addSecrets } from './clients/commands.ts'
import { type Context, createContext } from './command/context.ts'
import { serverUrl } from './command/option-values.ts'
import type { Environment } from './config/read-settings.ts'
import { addDoctor } from './installation/commands.ts'
import { addKeys } from './keys/commands.ts'
import { addOrganizations } from './organizations/commands.ts'
import { addServe } from './serve/commands.ts'
import { addStores } from './stores/commands.ts'
import { endWhenOutputCloses, writeError } from './terminal/standard-streams.ts'
import { addToken } from './token/commands.ts'
import { addTrack } from './track/commands.ts'

/**
 * @param env the environment with the settings.
 * @param json whether output, including errors, is JSON.
 */
export function createProgram(env: Environment, json: boolean): Command {
  let isServer = false
  endWhenOutputCloses(() => isServer)
  const program = new Command('miot')
    .description('ModularIoT: machine-to-machine authorization and telemetry for IoT fleets.')
    .version(version(), '-V, --version', 'print the version')
    .option('--json', 'print JSON (the default when piped)')
    .option('--no-json', 'print text even when piped')
    .option(
      '--url <url>',
      'administer the server at this URL, as the client MIOT_CLIENT_ID',
      serverUrl,
    )
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'miot: ')),
      // In JSON mode the error object replaces Commander's message.
      writeErr: json ? () => {} : writeError,
    })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showSuggestionAfterError()
    .hook('preAction', (_program, command) => {
      isServer = command.name() === 'serve'
    })
  const context = (): Context =>
    createContext(env, { json, url: program.opts<{ url?: string }>().url })

  addServe(program, context, env)
  for (const add of [
    addDoctor,
    addOrganizations,
    addAudiences,
    addClients,
    addSecrets,
    addKeys,
    addToken,
    addTrack,
    addAssets,
    addAudit,
    addStores,
  ]) {
    add(program, context)
  }
  return program
}

/** All packages of a release have the same version. */
function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
