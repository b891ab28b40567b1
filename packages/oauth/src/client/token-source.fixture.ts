/** Shared by the tests of the token source: a scripted server, and a virtual clock. */

import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import type { TokenEvent } from './token-events.ts'
import { TokenSource } from './token-source.ts'
import type { TokenSourceOptions } from './token-source-options.ts'

export const SECRET = 'miot_dev_s3cr3t&with=odd+characters %'
export const TOKEN_ENDPOINT = 'https://auth.example/oauth2/token'

export type Answer = (request: ReceivedRequest) => Promise<Response> | Response

export interface ReceivedRequest {
  readonly form: URLSearchParams
  readonly signal: AbortSignal
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers })
}

/** Tokens `t1`, `t2`, … valid for a day, unless `more` says otherwise. */
export function grant(number: number, more: object = {}): Response {
  return json({ access_token: `t${number}`, token_type: 'Bearer', expires_in: 86_400, ...more })
}

/** What Node's `fetch` throws when there is no route. */
export function networkFailure(code = 'ECONNREFUSED'): TypeError {
  const cause = Object.assign(new Error(`connect ${code} for ${SECRET}`), { code })
  return new TypeError('fetch failed', { cause })
}

/** An answer that never arrives; ends like `fetch` when it is aborted. */
export function silence({ signal }: ReceivedRequest): Promise<Response> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

export function setUp(options: Partial<TokenSourceOptions> = {}) {
  const clock = new VirtualClock()
  const requests: ReceivedRequest[] = []
  const server = {
    requests,
    /** Answers the next requests. */
    answer: (() => grant(requests.length)) as Answer,
  }
  const events: TokenEvent[] = []
  const lines: string[] = []
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const form = init?.body as URLSearchParams
    const request = { form, signal: init?.signal as AbortSignal }
    requests.push(request)
    return server.answer(request)
  }
  const source = new TokenSource({
    token_endpoint: TOKEN_ENDPOINT,
    client_id: 'client-1',
    client_secret: SECRET,
    audience: 'https://api.example/v1',
    fetch,
    clock,
    random: () => 0.5,
    logger: { warn: (line) => lines.push(line) },
    onEvent: (event) => events.push(event),
    ...options,
  })
  return { source, server, clock, events, lines, fetch }
}

/** Runs everything that can proceed without time passing. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
