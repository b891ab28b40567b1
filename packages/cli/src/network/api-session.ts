/**
 * Requests to ModularIoT API as a client, through the SDK, and the API's refusals as the errors
 * commands end with.
 */

import { TokenError } from '@modulariot/oauth/client'
import { createClient, type ModularIoT, type ModularIoTOptions } from '@modulariot/sdk'
import type { Context } from '../command/context.ts'
import { refusalError } from '../errors/api-refusal.ts'
import { CliError } from '../errors/cli-error.ts'
import { codeOfStatus } from '../errors/status-codes.ts'
import { tokenCache } from '../files/token-cache.ts'
import { answerJson, refusalMembers } from './answer-body.ts'
import { resolveApiCredentials } from './client-credentials.ts'

/** Options of every command that sends requests to the API. */
export interface SessionOptions {
  readonly clientId?: string
  readonly audience?: string
  readonly tokenUrl?: string
  readonly apiUrl?: string
}

export interface ApiSession {
  /** Sends reports. */
  readonly assets: ModularIoT['assets']
  /**
   * Sends any other request with a token. When the API refuses the token, one more try with a new
   * one.
   *
   * @throws TokenError when no token can be obtained; whatever `fetch` throws.
   */
  send(path: string, init?: RequestInit): Promise<Response>
}

const TIMEOUT_MS = 30_000

/**
 * @param sending how reports are retried; left out, as the SDK does.
 * @throws CliError usage when the API or the client is not known, or may not be used; ConfigError.
 */
export function openApiSession(
  context: Context,
  options: SessionOptions,
  sending: Pick<ModularIoTOptions, 'retry' | 'timing'> = {},
): ApiSession {
  const credentials = resolveApiCredentials(context.config(), options)
  const { assets, fetch } = createClient({
    ...credentials,
    ...sending,
    ...tokenCache(context.tokenDirectory),
    fetch: context.fetch,
  })
  const apiUrl = credentials.apiUrl.replace(/\/+$/, '')
  return {
    assets,
    send(path, init = {}) {
      const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS)
      return fetch(apiUrl + path, { ...init, signal, redirect: 'error' })
    },
  }
}

/** @throws CliError with the API's own words, unless the status is 200. */
export async function answerOf<Answer>(response: Response): Promise<Answer> {
  const { status } = response
  if (status !== 200) {
    throw refusalError(codeOfStatus(status), await refusalMembers(response), `${status} `)
  }
  const answer = await answerJson(response).catch(() => null)
  if (answer === null) throw refusalError('failure', {}, `${status} `)
  return answer as Answer
}

/** Whether the same request may succeed later. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof CliError) return error.code === 'rate_limited' || error.code === 'network'
  if (error instanceof TokenError) return error.retryable
  // `fetch` reports a failure of the network as an error with a cause.
  return error instanceof Error && (error.name === 'TimeoutError' || error.cause !== undefined)
}
