/**
 * `miot token get|revoke|inspect|verify`: what a client does with its tokens, and how an API
 * verifies them.
 */

import { plainText, systemClock, TokenEndpointError, TokenSource } from '@modulariot/oauth/client'
import { type AccessTokenClaims, decodeBase64urlText } from '@modulariot/oauth/protocol'
import { createVerifier } from '@modulariot/oauth/resource-server'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { forgetToken, tokenCache } from '../files/token-cache.ts'
import { refusalMembers } from '../network/answer-body.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import { properties } from '../terminal/output.ts'
import { asClaim, asText } from './claim-text.ts'

export interface TokenOptions {
  readonly clientId?: string
  readonly audience?: string
  readonly tokenUrl?: string
  readonly scope?: string
  readonly raw?: boolean
  readonly fresh?: boolean
}

/** Prints the token of an earlier command while it is valid, as a device would use it. */
export async function getToken(context: Context, options: TokenOptions): Promise<void> {
  const { scope, fresh } = options
  const source = new TokenSource({
    ...resolveCredentials(context.config(), options),
    ...(scope !== undefined && { scope }),
    ...tokenCache(context.tokenDirectory, fresh),
    fetch: context.fetch,
  })
  const held = await source.held()
  const { access_token } = held
  if (options.raw) {
    process.stdout.write(`${access_token}\n`)
    return
  }
  const expires_in = Math.floor((held.usableMs - held.ageMs(systemClock)) / 1000)
  const granted = decodeJson(access_token.split('.')[1])?.scope
  const answer = {
    access_token,
    token_type: 'Bearer',
    expires_in,
    ...(typeof granted === 'string' && { scope: granted }),
  }
  context.output.print(answer, () => properties(Object.entries(answer).map(asText)))
}

const REVOCATION_TIMEOUT_MS = 10_000

/**
 * Revokes a token of this client (RFC 7009). The server gives the same answer for an unknown token,
 * so the output does not prove that the token existed.
 *
 * @throws TokenEndpointError when the server refuses.
 */
export async function revokeToken(
  context: Context,
  token: string,
  options: Pick<TokenOptions, 'clientId' | 'tokenUrl'>,
): Promise<void> {
  const config = context.config()
  // Revocation does not use the audience.
  const { token_endpoint, client_id, client_secret } = resolveCredentials(config, {
    ...options,
    audience: config.apiAudience,
  })
  const response = await context.fetch(new URL('/oauth2/revoke', token_endpoint), {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({ token: token.trim(), client_id, client_secret }),
    redirect: 'error',
    signal: AbortSignal.timeout(REVOCATION_TIMEOUT_MS),
  })
  if (response.status !== 200) {
    const { error, error_description } = await refusalMembers(response)
    const plain = (value: unknown, otherwise: string) =>
      typeof value === 'string' ? plainText(value, [client_secret, token.trim()]) : otherwise
    throw new TokenEndpointError(
      response.status,
      plain(error, 'unexpected_answer'),
      plain(error_description, `The server answered ${response.status}`),
      null,
    )
  }
  await forgetToken(context.tokenDirectory, token.trim())
  context.output.print({ revoked: true }, () => 'This token is no longer accepted.')
}

/** Prints the contents of a token without verifying it. */
export function inspectToken(context: Context, token: string): void {
  const segments = token.trim().split('.')
  const header = decodeJson(segments[0])
  const claims = decodeJson(segments[1])
  if (segments.length !== 3 || header === null || claims === null) {
    throw new CliError(
      'failure',
      'This is not a JWT: expected three base64url segments, separated by dots',
    )
  }
  context.output.print({ header, claims }, () => [
    ...properties(Object.entries(header).map(asText)),
    '',
    ...properties(Object.entries(claims).map(asClaim)),
    '',
    'Not verified: run miot token verify.',
  ])
}

export interface VerifyOptions {
  readonly issuer?: string
  readonly audience?: string
}

/** Verifies a token as a remote API does: with the issuer's metadata and published keys. */
export async function verifyToken(
  context: Context,
  token: string,
  options: VerifyOptions,
): Promise<void> {
  const config = context.config()
  const issuer = options.issuer ?? config.issuer
  const audience = options.audience ?? config.client.audience ?? config.apiAudience
  const verifier = createVerifier({ issuer, audience, fetch: context.fetch })
  const claims = await verifier.verify(`Bearer ${token.trim()}`)
  context.output.print({ valid: true, claims }, () => ['Valid.', '', ...describeClaims(claims)])
}

function describeClaims(claims: AccessTokenClaims): string[] {
  return properties(Object.entries(claims).map(asClaim))
}

function decodeJson(segment: string | undefined): Record<string, unknown> | null {
  const text = decodeBase64urlText(segment ?? '')
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
