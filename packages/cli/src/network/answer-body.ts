/** Bodies of answers, read up to a bound: a server may send without end. */

import { boundedText } from '@modulariot/oauth/client'

/** Several times the longest page there is. */
const MAX_ANSWER_BYTES = 32 * 1024 ** 2
/** A refusal is printed whole. */
const MAX_REFUSAL_BYTES = 64 * 1024

/** @throws BodyTooLong; whatever the connection throws. */
export function answerText(response: Response): Promise<string> {
  return boundedText(response, MAX_ANSWER_BYTES)
}

/** @throws SyntaxError when it is not JSON; BodyTooLong; whatever the connection throws. */
export async function answerJson(response: Response): Promise<unknown> {
  return JSON.parse(await answerText(response))
}

/** The members of a refusal; none when it is no object, too long, or breaks off. */
export async function refusalMembers(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await boundedText(response, MAX_REFUSAL_BYTES))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
