/** `miot track …`: sends reports as a device does. */

import type { Command } from 'commander'
import { addApiOptions } from '../command/client-options.ts'
import type { Context } from '../command/context.ts'
import { decimal, duration, positiveNumber, rate } from '../command/option-values.ts'
import { type SimulateOptions, simulate } from '../simulate/simulate.ts'
import { type SendOptions, sendTrack } from './send-reports.ts'

export function addTrack(program: Command, context: () => Context): void {
  const track = program.command('track').description('send reports, as a device does')
  addApiOptions(track.command('send'))
    .description('send a report, or a file of reports, and wait until they are stored')
    .option('--asset-id <id>', 'asset that the report is about')
    .option('--latitude <degrees>', 'position, with --longitude', decimal)
    .option('--longitude <degrees>', 'position, with --latitude', decimal)
    .option('--speed <km/h>', 'speed', decimal)
    .option(
      '--file <path>',
      'send this file: one report, a JSON array, or one report per line (- for stdin)',
    )
    .option(
      '--request-id <id>',
      'X-Request-Id; sending it again stores nothing twice (default: random)',
    )
    .action((options: SendOptions) => sendTrack(context(), options))
  addApiOptions(track.command('simulate'))
    .description('simulate a fleet driving in a city, until interrupted')
    .option('--assets <n>', 'number of assets', positiveNumber, 50)
    .option('--rate <reports>', 'reports of all assets together: 200/s, 600/m', rate, 50)
    .option('--for <time>', 'stop after this time: 30s, 5m', duration)
    .action((options: SimulateOptions) => simulate(context(), options))
}
