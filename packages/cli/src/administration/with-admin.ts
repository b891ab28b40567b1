/** Chooses between local administration and the admin API; commands are the same for both. */

import { TokenSource } from '@modulariot/oauth/client'
import type { Context } from '../command/context.ts'
import { tokenCache } from '../files/token-cache.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import type { Admin } from './port.ts'

/** Runs `work` through the admin API at `--url`; without it, on this machine's installation. */
export async function withAdmin(
  context: Context,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  if (context.url === null) {
    const { withLocalAdmin } = await import('./local.ts')
    return withLocalAdmin(context.config(), work)
  }
  const { createRemoteAdmin } = await import('./remote.ts')
  const audience = `${context.url}/admin/v1`
  const tokenUrl = `${context.url}/oauth2/token`
  const credentials = resolveCredentials(context.config(), { audience, tokenUrl })
  const tokens = new TokenSource({
    ...credentials,
    ...tokenCache(context.tokenDirectory),
    fetch: context.fetch,
  })
  await work(createRemoteAdmin(context.url, tokens, context.fetch))
}
