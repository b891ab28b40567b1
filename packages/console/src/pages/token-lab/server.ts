/** What the server publishes for those who verify its tokens, and its clock. */

import { queryOptions } from '@tanstack/react-query'
import { send } from '../../api/refusal.ts'
import type { PublishedKey } from './signature.ts'

export interface Published {
  readonly issuer: string
  readonly keys: readonly PublishedKey[]
  /** Seconds by which the server's clock is ahead of this machine's. */
  readonly aheadSeconds: number
}

/** The `Date` header has whole seconds, and the answer takes a moment. */
const UNSURE_SECONDS = 2

export const publishedQuery = queryOptions({
  queryKey: ['published'],
  queryFn: async (): Promise<Published> => {
    // A kept answer would have an old `Date`, and may lack a new key.
    const fresh = { cache: 'no-store' } as const
    const [metadata, jwks] = await Promise.all([
      send('/.well-known/oauth-authorization-server', fresh),
      send('/.well-known/jwks.json', fresh),
    ])
    const { issuer }: { issuer: string } = await metadata.json()
    const { keys }: { keys: PublishedKey[] } = await jwks.json()
    return { issuer, keys, aheadSeconds: aheadOf(jwks.headers.get('date'), Date.now()) }
  },
  staleTime: 60_000,
})

/** @param now of this machine, milliseconds. */
export function aheadOf(date: string | null, now: number): number {
  const seconds = Math.round((Date.parse(date ?? '') - now) / 1000)
  return Math.abs(seconds) <= UNSURE_SECONDS || Number.isNaN(seconds) ? 0 : seconds
}

/** A login as a machine makes it. @throws Refusal. */
export async function mintToken(body: {
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
}): Promise<string> {
  const response = await send('/api/v1/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    credentials: 'omit',
    body: JSON.stringify({ ...body, grant_type: 'client_credentials' }),
  })
  const { access_token }: { access_token: string } = await response.json()
  return access_token
}
