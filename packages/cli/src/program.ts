/**
 * The commands of `miot`, as noun and verb. Each noun's commands are in its folder's commands.ts.
 */

import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import { addAssets } from './assets/commands.ts'
import { addAudiences } from './audiences/commands.ts'
import { addAudit } from './audit/commands.ts'
import { addBackup } from './backup/commands.ts'
import { addClients } from './clients/commands.ts'
import { addCompletion } from './command/commands.ts'
import type { Context } from './command/context.ts'
import { examples, exitStatuses } from './command/help.ts'
import { serverUrl } from './command/option-values.ts'
import { versionText } from './command/version.ts'
import { addCompact } from './compact/commands.ts'
import type { Environment } from './config/read-settings.ts'
import { addDoctor } from './doctor/commands.ts'
import { addKeys } from './keys/commands.ts'
import { addOrganizations } from './organizations/commands.ts'
import { addPeople } from './people/commands.ts'
import { addSecrets } from './secrets/commands.ts'
import { addHealth, addServe } from './serve/commands.ts'
import { addStores } from './stores/commands.ts'
import { endWhenOutputCloses, writeError, writeFailure } from './terminal/standard-streams.ts'
import { addToken } from './token/commands.ts'
import { addTrack } from './track/commands.ts'

/**
 * @param env the environment with the settings.
 * @param json whether output, including errors, is JSON.
 */
export function createProgram(env: Environment, json: boolean): Command {
  let isServer = false
  let contexts: typeof import('./command/context.ts')
  endWhenOutputCloses(() => isServer)
  const program = new Command('miot')
    .description('ModularIoT: machine-to-machine authorization and telemetry for IoT fleets.')
    .option('-V, --version', 'print the version, with its commit')
    .on('option:version', () => {
      process.stdout.write(`${versionText()}\n`)
      throw new CommanderError(0, 'commander.version', '')
    })
    .option('--json', 'print JSON (the default when piped)')
    .option('--no-json', 'print text even when piped')
    .option(
      '--url <url>',
      'administer the server at this URL, as the client MIOT_CLIENT_ID',
      serverUrl,
    )
    .configureOutput({
      // In JSON mode the error object replaces Commander's message.
      writeErr: json ? () => {} : writeError,
      outputError: (text) => {
        if (!json) writeFailure(text.replace(/^error: /, '').trimEnd())
      },
    })
    .configureHelp({ showGlobalOptions: true, styleTitle: (text) => styleText('bold', text) })
    .addHelpText('after', exitStatuses())
    .addHelpText(
      'after',
      examples(
        'miot serve',
        'miot track send --asset-id TRUCK-001',
        "miot clients create --name 'Pump station'",
      ),
    )
    .exitOverride()
    .showSuggestionAfterError()
    .hook('preAction', async (_program, command) => {
      isServer = command.name() === 'serve'
      // Help needs neither settings nor tokens, and their modules take a third of its time.
      contexts = await import('./command/context.ts')
    })
  const context = (): Context =>
    contexts.createContext(env, { json, url: program.opts<{ url?: string }>().url })

  addServe(program, context, env)
  for (const add of [
    addDoctor,
    addHealth,
    addOrganizations,
    addPeople,
    addAudiences,
    addClients,
    addSecrets,
    addKeys,
    addToken,
    addTrack,
    addAssets,
    addAudit,
    addStores,
    addCompact,
    addCompletion,
  ]) {
    add(program, context)
  }
  addBackup(program, context, env)
  return program
}
