/** `miot track …`: reporting as a device does. */

import type { Command } from 'commander'
import { addApiOptions } from '../command/client-options.ts'
import type { Context } from '../command/context.ts'
import { decimal, duration, positiveNumber, rate } from '../command/option-values.ts'
import { type SimulateOptions, simulate } from '../simulate/simulate.ts'
import { type SendOptions, sendTrack } from './send-reports.ts'

export function addTrack(program: Command, context: () => Context): void {
  const track = program.command('track').description('send reports as a device does')
  addApiOptions(track.command('send'))
    .description('send a report, or a file of them, and wait until they are kept')
    .option('--asset-id <id>', 'the asset')
    .option('--latitude <degrees>', 'its position', decimal)
    .option('--longitude <degrees>', 'its position', decimal)
    .option('--speed <km/h>', 'speed', decimal)
    .option('--file <path>', 'send this instead: a report, an array, or a line each (- for stdin)')
    .option('--request-id <id>', 'X-Request-Id (default: a new one)')
    .action((options: SendOptions) => sendTrack(context(), options))
  addApiOptions(track.command('simulate'))
    .description('simulate a small fleet in town, until interrupted')
    .option('--assets <n>', 'how many', positiveNumber, 50)
    .option('--rate <reports>', 'of all of them together: 200/s, 600/m', rate, 50)
    .option('--for <time>', 'how long: 30s, 5m', duration)
    .action((options: SimulateOptions) => simulate(context(), options))
}
