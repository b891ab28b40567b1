/** Opens the external signer of the settings, for a server and for one command. */

import { ExternalKeys } from '@modulariot/auth'
import type { Logger } from '@modulariot/platform/logging'
import type { KeyCommand } from '../config/key-command.ts'
import { CliError } from '../errors/cli-error.ts'
import { writeError } from '../terminal/standard-streams.ts'
import { CommandSigner, describeEnd } from './command-signer.ts'
import type { SignerEnd } from './signer-process.ts'

const UNTIL_THEN = 'the external signer does not run, and logins that need its keys get 503'

/**
 * For as long as a server runs. One that fails to start is started again: tokens are verified
 * without it.
 *
 * @throws CliError when there is no such program.
 */
export async function startSigner(command: KeyCommand, logger: Logger): Promise<CommandSigner> {
  const signer = new CommandSigner(command, {
    started: () => logger.info('the external signer runs'),
    ended: (end, nextStartMs) =>
      logger.error({ fault: describeEnd(command, end), next_start_ms: nextStartMs }, UNTIL_THEN),
  })
  const end = await signer.start()
  if (end === null || end.couldRun) return signer
  await signer.close()
  throw notRunning(command, end)
}

/**
 * Runs `work` with the external signer, which ends with it.
 *
 * @param command null: none is set.
 * @param need `optional`: without it, `work` runs all the same, and what it calls the signer for
 *   fails. This is how an installation leaves an HSM that is lost.
 * @throws CliError when it is required and cannot be started.
 */
export async function withSigner<Result>(
  command: KeyCommand | null,
  need: 'required' | 'optional',
  work: (external: ExternalKeys | null) => Promise<Result>,
): Promise<Result> {
  if (command === null) return work(null)
  const signer = new CommandSigner(command, { started: () => {}, ended: () => {} })
  try {
    const end = await signer.start()
    if (end !== null && need === 'required') throw notRunning(command, end)
    const onError = (error: unknown): void => writeError(`miot: ${(error as Error).message}\n`)
    if (end !== null) onError(notRunning(command, end))
    return await work(new ExternalKeys({ signer, onError }))
  } finally {
    await signer.close()
  }
}

function notRunning(command: KeyCommand, end: SignerEnd): CliError {
  return new CliError('failure', `${describeEnd(command, end)}: correct it or the setting`)
}
