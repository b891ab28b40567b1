/** Response bodies, read up to a limit: a server may send an endless one. */

import { boundedText } from '@modulariot/oauth/client'

/** Several times the longest page of the API. */
const MAX_ANSWER_BYTES = 32 * 1024 ** 2
/** Smaller, because refusals are printed in full. */
const MAX_REFUSAL_BYTES = 64 * 1024

/** @throws BodyTooLong; errors of the connection. */
export function answerText(response: Response): Promise<string> {
  return boundedText(response, MAX_ANSWER_BYTES)
}

/** @throws SyntaxError when it is not JSON; BodyTooLong; errors of the connection. */
export async function answerJson(response: Response): Promise<unknown> {
  return JSON.parse(await answerText(response))
}

/**
 * The lines of an answer, each as soon as it has arrived: when the connection breaks, those before
 * are not lost. A last line that has no end, and so may be a part, is left out then.
 *
 * @throws errors of the connection; Error when it has more bytes than any answer.
 */
export async function* answerLines({ body }: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let held = ''
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error('The answer is too long')
    const lines = (held + decoder.decode(chunk, { stream: true })).split('\n')
    held = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
  }
  if (held !== '') yield held
}

/** The members of a refusal; none when it is not an object, too long, or incomplete. */
export async function refusalMembers(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await boundedText(response, MAX_REFUSAL_BYTES))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
