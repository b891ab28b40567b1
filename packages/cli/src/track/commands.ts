/** `miot track …`: sends reports as a device does. */

import type { Command } from 'commander'
import { addApiOptions } from '../command/client-options.ts'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { decimal, duration, positiveNumber, rate } from '../command/option-values.ts'
import type { SimulateOptions } from '../simulate/simulate.ts'
import type { SendOptions } from './send-reports.ts'

export function addTrack(program: Command, context: () => Context): void {
  const track = program
    .command('track')
    .description('send reports, as a device does')
    .addHelpText(
      'after',
      examples('miot track send --asset-id TRUCK-001', 'miot track send --file reports.ndjson'),
    )
  addApiOptions(track.command('send'))
    .description('send a report, or a file of reports, and wait until they are stored')
    .addHelpText(
      'after',
      examples(
        'miot track send --asset-id TRUCK-001 --latitude -33.45 --longitude -70.66 --speed 40',
        'miot track send --file reports.ndjson',
      ),
    )
    .option('--asset-id <id>', 'asset that the report is about')
    .option('--latitude <degrees>', 'position, with --longitude', decimal)
    .option('--longitude <degrees>', 'position, with --latitude', decimal)
    .option('--speed <km/h>', 'speed', decimal)
    .option(
      '--file <path>',
      'send this file: one report, a JSON array, or one report per line (- for stdin); again, it stores nothing twice',
    )
    .option(
      '--request-id <id>',
      'X-Request-Id of a report, which is stored once under it; in a file only for logs (default: random)',
    )
    .option(
      '--from-line <n>',
      'resume a file with one report per line at this line',
      positiveNumber,
    )
    .action(async (options: SendOptions) =>
      (await import('./send-reports.ts')).sendTrack(context(), options),
    )
  addApiOptions(track.command('simulate'))
    .description('simulate a fleet driving in a city, until interrupted')
    .addHelpText('after', examples('miot track simulate --assets 100 --rate 200/s --for 5m'))
    .option('--assets <n>', 'number of assets', positiveNumber, 50)
    .option('--rate <reports>', 'reports of all assets together: 200/s, 600/m', rate, 50)
    .option('--for <time>', 'stop after this time: 30s, 5m', duration)
    .action(async (options: SimulateOptions) =>
      (await import('../simulate/simulate.ts')).simulate(context(), options),
    )
}
