/** `miot assets delete`: erases an asset and all that it has reported. */

import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { answerOf, openApiSession, type SessionOptions } from '../network/api-session.ts'
import { utc } from '../terminal/times.ts'
import { assetPath, WITHOUT_PATH } from './series.ts'

interface ErasedAsset {
  readonly asset_id: string
  readonly compacted: boolean
}

/** A large asset takes minutes; the server continues even when this ends. */
const TIMEOUT_MS = 600_000

export async function deleteAsset(
  context: Context,
  asset_id: string,
  options: SessionOptions & ConfirmOptions,
): Promise<void> {
  const confirm = confirmation(options, 'refused')
  if (WITHOUT_PATH.has(asset_id)) throw new CliError('usage', `No URL names the asset ${asset_id}`)
  const session = openApiSession(context, options)
  const path = assetPath(asset_id)
  await confirm(async () => {
    const asset = await answerOf<{ last_received_at: string }>(await session.send(path))
    return [
      `This erases the asset ${asset_id} and everything it has reported. It cannot be restored.`,
      `Its last report arrived at ${utc(asset.last_received_at)}. The next one makes a new asset.`,
    ]
  })
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await session.send(path, { method: 'DELETE', signal })
  const erased = await answerOf<ErasedAsset>(response)
  context.output.print(erased, () => [
    `Erased ${asset_id}.`,
    ...(erased.compacted
      ? []
      : ['The database files may still hold parts of it: run miot compact on the server.']),
  ])
}
