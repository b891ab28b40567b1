/**
 * Tokens that commands keep for the next command: without them, each would log in again.
 *
 * They are in the user's own cache folder, readable by no one else; the server, the client, its
 * secret, the audience and the scope are the key.
 */

import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { TokenStore } from '@modulariot/oauth/client'
import { fileTokenStore } from '@modulariot/oauth/node'
import type { Environment } from '../config/read-settings.ts'
import { writeError } from '../terminal/standard-streams.ts'

/** Null when the user has no folder of their own. */
export function cacheDirectoryOf(env: Environment): string | null {
  const home = env.HOME ? join(env.HOME, '.cache') : null
  const cache = env.XDG_CACHE_HOME || home
  return cache === null ? null : join(cache, 'modulariot', 'tokens')
}

/**
 * Members for a token source.
 *
 * @param fresh true: finds nothing, and keeps what is fetched.
 */
export function tokenCache(directory: string | null, fresh = false): { store?: TokenStore } {
  if (directory === null) return {}
  const store = fileTokenStore({ directory })
  const write: TokenStore['write'] = (key, text) =>
    store.write(key, text).catch((error: Error) => {
      writeError(`notice: tokens are not kept for the next command: ${error.message}\n`)
      throw error
    })
  return { store: { ...store, write, ...(fresh && { read: async () => null }) } }
}

/** Removes the token if it is kept. */
export async function forgetToken(directory: string | null, access_token: string): Promise<void> {
  if (directory === null) return
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((one) => one.endsWith('.token'))) {
    const path = join(directory, name)
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text.includes(JSON.stringify(access_token))) await unlink(path).catch(() => {})
  }
}
