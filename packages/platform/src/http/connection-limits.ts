/** How many connections a server keeps, and how long an answer may wait for its reader. */

export interface ConnectionLimits {
  /**
   * Connections in total. At the limit, the connection idle for longest is closed for a new one.
   */
  readonly max: number
  /** Connections from one address (IPv6: from one /64). Trusted proxies are exempt. */
  readonly maxPerAddress: number
  /** Pipelined requests that may wait for the previous answer (RFC 9112 §9.3.2). */
  readonly maxWaitingRequests: number
  /** Time to read an answer, on top of what its length allows. */
  readonly answerTimeoutMs: number
  /** The slowest reader that is tolerated. Node does not report progress within a single write. */
  readonly answerBytesPerSecond: number
  /** Bytes of all answers that wait for their readers, in total. */
  readonly unsentBytes: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  max: 10_000,
  // A fleet behind one carrier's NAT shares an address; an attacker needs five to fill the server.
  maxPerAddress: 2_000,
  maxWaitingRequests: 16,
  answerTimeoutMs: 30_000,
  // Answers to devices fit the kernel's buffer; this limit is for pages of megabytes.
  answerBytesPerSecond: 32 * 1024,
  unsentBytes: 256 * 1024 ** 2,
}
