/** `miot assets …`: reads reports back, and erases them. */

import { type Command, Option } from 'commander'
import { addApiOptions } from '../command/client-options.ts'
import { type ConfirmOptions, YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { instant, positiveNumber } from '../command/option-values.ts'
import type { SessionOptions } from '../network/api-session.ts'
import type { ListAssetsOptions } from './assets.ts'
import type { ExportOptions } from './export-assets.ts'
import { FORMATS } from './export-formats.ts'
import { EXPORTED } from './export-rows.ts'
import type { EventOptions, SeriesOptions } from './show-series.ts'
import type { TailOptions } from './tail-assets.ts'

export function addAssets(program: Command, context: () => Context): void {
  const assets = program
    .command('assets')
    .description('read what assets have reported')
    .addHelpText('after', examples('miot assets list', 'miot assets tail --asset TRUCK-001'))
  addApiOptions(assets.command('list'))
    .description('list assets with their last position')
    .addHelpText('after', examples('miot assets list --type truck --limit 200'))
    .option('--search <text>', 'part of the asset_id or the type')
    .option('--type <type>', 'only assets of exactly this type')
    .option('--limit <n>', 'maximum number of assets', positiveNumber, 50)
    .action(async (options: ListAssetsOptions) =>
      (await import('./assets.ts')).listAssets(context(), options),
    )
  addApiOptions(assets.command('show <asset_id>'))
    .description('show an asset, its newest report and the newest value of each metric')
    .addHelpText('after', examples('miot assets show TRUCK-001'))
    .action(async (asset_id: string, options: SessionOptions) =>
      (await import('./assets.ts')).showAsset(context(), asset_id, options),
    )
  addPeriod(assets.command('positions <asset_id>'))
    .description('list the positions of an asset, by device time')
    .addHelpText(
      'after',
      examples('miot assets positions TRUCK-001 --from 2026-01-15T00:00:00Z --limit 500'),
    )
    .action(async (asset_id: string, options: SeriesOptions) =>
      (await import('./show-series.ts')).showPositions(context(), asset_id, options),
    )
  addPeriod(assets.command('events [asset_id]'))
    .description('list the events of an asset, or of all assets, by device time')
    .addHelpText(
      'after',
      examples('miot assets events --severity high --newest', 'miot assets events TRUCK-001'),
    )
    .option('--type <type>', 'only events of exactly this type')
    .option('--severity <severity>', 'only this severity: low, medium or high')
    .action(async (asset_id: string | undefined, options: EventOptions) =>
      (await import('./show-series.ts')).showEvents(context(), asset_id, options),
    )
  addApiOptions(assets.command('delete <asset_id>'))
    .description('erase an asset and everything it has reported (scope asset:track:delete)')
    .addHelpText(
      'after',
      examples('miot assets delete TRUCK-001', 'miot assets delete TRUCK-001 --yes'),
    )
    .option(...YES)
    .action(async (asset_id: string, options: SessionOptions & ConfirmOptions) =>
      (await import('./delete-asset.ts')).deleteAsset(context(), asset_id, options),
    )
  addApiOptions(assets.command('export'))
    .description('write what assets have reported to a file, which exists only when it is whole')
    .addHelpText(
      'after',
      examples(
        'miot assets export --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --out january.csv',
        'miot assets export --data metrics --format parquet --out metrics.parquet',
      ),
    )
    .option('--from <time>', 'start, in device time: 2026-01-15T12:00:00Z', instant)
    .option(
      '--to <time>',
      'end, exclusive, in device time (default: after all that is accepted by now)',
      instant,
    )
    .option('--asset <id>', 'only this asset')
    .addOption(new Option('--data <data>', 'what to write').choices(EXPORTED).default('positions'))
    .addOption(new Option('--format <format>', 'how to write it').choices(FORMATS).default('csv'))
    .requiredOption('--out <file>', 'new file')
    .action(async (options: ExportOptions) =>
      (await import('./export-assets.ts')).exportAssets(context(), options),
    )
  addApiOptions(assets.command('tail'))
    .description('print reports as they are stored, one per line, until interrupted')
    .addHelpText('after', examples('miot assets tail --asset TRUCK-001 --count 10'))
    .option('--asset <id>', 'only this asset')
    .option('--count <n>', 'stop after this many reports', positiveNumber)
    .action(async (options: TailOptions) =>
      (await import('./tail-assets.ts')).tailAssets(context(), options),
    )
}

/** Options of a list by device time. */
function addPeriod(command: Command): Command {
  return addApiOptions(command)
    .option('--from <time>', 'start, in device time: 2026-01-15T12:00:00Z', instant)
    .option('--to <time>', 'end, exclusive, in device time', instant)
    .option('--newest', 'newest first')
    .option('--limit <n>', 'maximum number of rows', positiveNumber, 50)
}
