/**
 * One report or batch to the API. No retries, except one when the API rejects our clock, since its
 * answer carries the right time.
 */

import { type ApiAnswer, type ApiDeps, send } from '../request/send.ts'
import { refusesOurClock } from './answer.ts'

export interface PostRequest {
  readonly path: string
  readonly requestId: string
  readonly contentType: string
  readonly body: string
  readonly signal?: AbortSignal | undefined
}

/**
 * @throws TimeoutError, NetworkError; the token's errors; the caller's own reason when its signal
 *   is aborted.
 */
export async function post(request: PostRequest, deps: ApiDeps): Promise<ApiAnswer> {
  const answer = await attempt(request, deps)
  return refusesOurClock(answer.status, answer.json) ? attempt(request, deps) : answer
}

function attempt(request: PostRequest, deps: ApiDeps): Promise<ApiAnswer> {
  const headers = {
    'content-type': request.contentType,
    'x-request-id': request.requestId,
    'x-request-timestamp': String(deps.serverClock.nowMs() / 1000),
  }
  return send({ ...request, method: 'POST', headers }, deps)
}
