/** `miot assets …`: reads reports back. */

import type { Command } from 'commander'
import { addApiOptions } from '../command/client-options.ts'
import type { Context } from '../command/context.ts'
import { positiveNumber } from '../command/option-values.ts'
import type { SessionOptions } from '../network/api-session.ts'
import { type ListAssetsOptions, listAssets, showAsset } from './assets.ts'
import { type TailOptions, tailAssets } from './tail-assets.ts'

export function addAssets(program: Command, context: () => Context): void {
  const assets = program.command('assets').description('read what assets have reported')
  addApiOptions(assets.command('list'))
    .description('list assets with their last position')
    .option('--search <text>', 'part of the asset_id or the type')
    .option('--type <type>', 'only assets of exactly this type')
    .option('--limit <n>', 'maximum number of assets', positiveNumber, 50)
    .action((options: ListAssetsOptions) => listAssets(context(), options))
  addApiOptions(assets.command('show <asset_id>'))
    .description('show an asset, its newest report and the newest value of each metric')
    .action((asset_id: string, options: SessionOptions) => showAsset(context(), asset_id, options))
  addApiOptions(assets.command('tail'))
    .description('print reports as they are stored, one per line, until interrupted')
    .option('--asset <id>', 'only this asset')
    .option('--count <n>', 'stop after this many reports', positiveNumber)
    .action((options: TailOptions) => tailAssets(context(), options))
}
