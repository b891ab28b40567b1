/** One client-credentials request (RFC 6749 §4.4), sent and read. No caching, no retries. */

import type { TokenResponse } from '../protocol/index.ts'

export interface TokenRequestOptions {
  readonly token_endpoint: string
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
  readonly scope?: string
}

/** The token endpoint answered, and not with a token (RFC 6749 §5.2). */
export class TokenEndpointError extends Error {
  override readonly name = 'TokenEndpointError'
  readonly status: number
  readonly error: string
  readonly requestId: string | null

  constructor(status: number, error: string, description: string, requestId: string | null) {
    super(description)
    this.status = status
    this.error = error
    this.requestId = requestId
  }
}

const TIMEOUT_MS = 10_000

/**
 * Asks for a token.
 *
 * A redirect is refused: following it would carry the secret to another address.
 *
 * @throws TokenEndpointError when the server refuses or answers something else than a token; whatever
 *   `fetch` throws when the network fails.
 */
export async function requestToken(
  options: TokenRequestOptions,
  fetch: typeof globalThis.fetch,
): Promise<TokenResponse> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: options.client_id,
    client_secret: options.client_secret,
    audience: options.audience,
    ...(options.scope !== undefined && { scope: options.scope }),
  })
  const response = await fetch(options.token_endpoint, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const answer = await readJson(response)
  if (response.status === 200 && typeof answer.access_token === 'string') {
    return answer as unknown as TokenResponse
  }
  const text = (name: string, otherwise: string): string =>
    typeof answer[name] === 'string' ? answer[name] : otherwise
  throw new TokenEndpointError(
    response.status,
    text('error', 'unexpected_answer'),
    text('error_description', `The token endpoint answered ${response.status} without a token`),
    response.headers.get('x-request-id'),
  )
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await response.json()
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
