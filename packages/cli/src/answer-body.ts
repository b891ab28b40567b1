/** Bodies of answers, read up to a bound: a server may send without end. */

import { boundedText } from '@modulariot/oauth/client'

/** Several times the longest page there is. */
const MAX_ANSWER_BYTES = 32 * 1024 ** 2

/** @throws BodyTooLong; whatever the connection throws. */
export function answerText(response: Response): Promise<string> {
  return boundedText(response, MAX_ANSWER_BYTES)
}

/** @throws SyntaxError when it is not JSON; as above. */
export async function answerJson(response: Response): Promise<unknown> {
  return JSON.parse(await answerText(response))
}

/** The members of an object; none when the body is anything else, or breaks off. */
export async function answerMembers(response: Response): Promise<Record<string, unknown>> {
  const value = await answerJson(response).catch(() => null)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
