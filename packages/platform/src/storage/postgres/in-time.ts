/** A limit for an answer that is read from a socket. */

/**
 * Rejects with the error of `late` when there is no answer in time.
 *
 * After a pause of this process (a busy machine, a long collection) its timers run before it has
 * read what arrived in the meantime. So an answer may still be read after the limit, once: what
 * waits in the socket is not late.
 */
export async function inTime<Answer>(
  answer: Promise<Answer>,
  limitMs: number,
  late: () => Error,
): Promise<Answer> {
  const missed = Promise.withResolvers<never>()
  const miss = (): void => missed.reject(late())
  // Timers, then reading, then immediates: one round of the event loop.
  const timer = setTimeout(() => setImmediate(miss), limitMs)
  // It may be rejected later, when the connection is discarded.
  answer.catch(() => undefined)
  try {
    return await Promise.race([answer, missed.promise])
  } finally {
    clearTimeout(timer)
  }
}
