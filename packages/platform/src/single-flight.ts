/** Runs one piece of work at a time, however many callers request it. */

/**
 * Callers that arrive while `work` runs share its outcome; the next one starts it again.
 *
 * For requests without credentials that cost the store a query.
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
