/** What a request that failed says: the server's own words, and the id that finds it in the log. */

/** RFC 9457, as the admin API and `/people/v1` send it. */
interface Problem {
  readonly type?: string
  readonly title?: string
  readonly detail?: string
  readonly message?: string
  readonly request_id?: string
}

export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** 0: there was no answer. */
  readonly status: number
  /** The last part of the problem's `type`: `not_found`. */
  readonly code: string
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null

  constructor(
    status: number,
    code: string,
    detail: string,
    requestId: string | null,
    retryAfterSeconds: number | null,
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.requestId = requestId
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export async function refusalOf(response: Response): Promise<Refusal> {
  const problem: Problem = await response.json().catch(() => ({}))
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new Refusal(
    response.status,
    problem.type?.split(':').at(-1) ?? '',
    problem.detail ?? problem.message ?? problem.title ?? `HTTP ${response.status}`,
    problem.request_id ?? response.headers.get('x-request-id'),
    Number.isNaN(retryAfter) ? null : retryAfter,
  )
}

/** `fetch` to this server. @throws Refusal for an answer that is not 2xx, or when there is none. */
export async function send(input: Request | string, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Refusal(0, 'no_answer', '', null, null)
  })
  if (!response.ok) throw await refusalOf(response)
  return response
}
