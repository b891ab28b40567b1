/** The metrics page of the server that runs on this machine. */

import { boundedText } from '@modulariot/oauth/client'
import type { CheckContext } from './check.ts'

const TIMEOUT_MS = 5000
/** The page is longer than our other answers. */
const MAX_BYTES = 4 * 1024 ** 2

/**
 * @returns null when no page is set.
 * @throws Error when no server runs, or it does not answer.
 */
export async function readMetricsPage({
  config,
  fetch,
}: Pick<CheckContext, 'config' | 'fetch'>): Promise<string | null> {
  if (config.metricsPort === null) return null
  const answer = await fetch(`http://127.0.0.1:${config.metricsPort}/metrics`, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return boundedText(answer, MAX_BYTES)
}
