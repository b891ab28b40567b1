/** One piece of work under way at a time, whatever asks for it. */

/**
 * Callers that come while `work` runs share its outcome; the next one starts it anew.
 *
 * For what anyone may ask without credentials and the store has to answer.
 */
export function singleFlight<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | null = null
  return () => {
    running ??= work().finally(() => {
      running = null
    })
    return running
  }
}
