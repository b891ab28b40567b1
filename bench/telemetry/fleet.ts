/** The clients of the fleet and their tokens, from ordinary logins. */

import type { Environment } from '@modulariot/oauth/protocol'
import type { OurServer } from '../support/our-server.ts'

/** The default of `MIOT_API_AUDIENCE`. */
const AUDIENCE = 'https://iot.streamhub.cl/v1/asset/track'

/** @returns access tokens, each of a client of its own. */
export async function fleetTokens(
  server: OurServer,
  count: number,
  environment: Environment = 'development',
): Promise<string[]> {
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ name: `Tracker ${index}`, grants: [{ audience: AUDIENCE }] }),
  )
  const args = ['clients', 'import', '-', '--environment', environment]
  const printed = await server.miot(args, lines.join('\n'))
  // The last line is the summary.
  const made = printed.trim().split('\n').slice(0, -1)
  const tokens: string[] = []
  for (const line of made) tokens.push(await login(server.issuer, JSON.parse(line)))
  return tokens
}

async function login(
  issuer: string,
  made: { client: { client_id: string }; client_secret: string },
): Promise<string> {
  const response = await fetch(`${issuer}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: made.client.client_id,
      client_secret: made.client_secret,
      audience: AUDIENCE,
    }),
  })
  const { access_token } = (await response.json()) as { access_token?: string }
  if (access_token === undefined) throw new Error(`no token: ${response.status}`)
  return access_token
}

/** The tenant of a token. */
export function tenantOf(token: string): { org_id: string; environment: string } {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
  return { org_id: claims.org_id, environment: claims.environment }
}
