/**
 * Speaking to ModularIoT API as a client, and its answers turned into results or into the errors
 * commands end with.
 */

import { createAuthorizedFetch, TokenError, TokenSource } from '@modulariot/oauth/client'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { answerJson, refusalMembers } from './answer-body.ts'
import { resolveApiCredentials } from './client-credentials.ts'
import { codeOfStatus } from './status-codes.ts'

/** What every command that speaks to the API takes. */
export interface SessionOptions {
  readonly clientId?: string
  readonly audience?: string
  readonly tokenUrl?: string
  readonly apiUrl?: string
}

export interface ApiSession {
  /**
   * Sends one request with a token, and once more with another when the API refuses the one it has.
   *
   * @throws TokenError when there is no token to be had; whatever `fetch` throws.
   */
  send(path: string, init?: RequestInit): Promise<Response>
}

const TIMEOUT_MS = 30_000

/**
 * @throws CliError usage when the API or the client is not known, or may not be used; ConfigError.
 */
export function openApiSession(context: Context, options: SessionOptions): ApiSession {
  const { apiUrl, ...credentials } = resolveApiCredentials(context.config(), options)
  const { fetch } = context
  const source = new TokenSource({ ...credentials, fetch })
  const send = createAuthorizedFetch(source, { origins: apiUrl, fetch })
  return {
    send(path, init = {}) {
      const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS)
      return send(apiUrl + path, { ...init, signal, redirect: 'error' })
    },
  }
}

/** A refusal of the API, or anything else that is not the answer asked for. */
export interface ApiRefusal {
  readonly message?: string
  readonly detail?: string
  readonly errors?: Readonly<Record<string, string>>
}

/** @throws CliError saying what the API said, unless it answered 200. */
export async function answerOf<Answer>(response: Response): Promise<Answer> {
  const { status } = response
  if (status !== 200) {
    const refusal = describeRefusal(await refusalMembers(response), `${status} `)
    throw new CliError(codeOfStatus(status), refusal)
  }
  const answer = await answerJson(response).catch(() => null)
  if (answer === null) throw new CliError('failure', describeRefusal({}, `${status} `))
  return answer as Answer
}

/** The message behind `before`, and below it a line for each fault. */
export function describeRefusal({ message, detail, errors }: ApiRefusal, before = ''): string[] {
  const faults = typeof errors === 'object' ? Object.entries(errors ?? {}) : []
  const lines = faults.map(([path, fault]) => `  ${path} ${fault}`)
  const text = [message ?? 'The API did not answer as documented', detail]
    .filter(Boolean)
    .join(': ')
  return [`${before}${text}`, ...lines]
}

/** Whether sending the same again later may help. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof CliError) return error.code === 'rate_limited' || error.code === 'network'
  if (error instanceof TokenError) return error.retryable
  // What `fetch` throws for a network that fails holds the true cause.
  return error instanceof Error && (error.name === 'TimeoutError' || error.cause !== undefined)
}
