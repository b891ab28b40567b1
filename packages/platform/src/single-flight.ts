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

/**
 * Callers share the next run, which begins after their call, so that it covers what they did
 * before. A run begins once the one before it has ended.
 */
export function nextFlight<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<Result> | null = null
  return () => {
    next ??= last.then(() => {
      next = null
      return work()
    })
    last = next.catch(() => {})
    return next
  }
}
