/** Chooses between local administration and the admin API; commands are the same for both. */

import type { Context } from '../command/context.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import { withLocalAdmin } from './local.ts'
import type { Admin } from './port.ts'
import { createRemoteAdmin } from './remote.ts'

/** Runs `work` through the admin API at `--url`; without it, on this machine's installation. */
export async function withAdmin(
  context: Context,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  if (context.url === null) return withLocalAdmin(context.config(), work)
  const audience = `${context.url}/admin/v1`
  const tokenUrl = `${context.url}/oauth2/token`
  const credentials = resolveCredentials(context.config(), { audience, tokenUrl })
  await work(await createRemoteAdmin(context.url, credentials, context.fetch))
}
