/** How many connections a server keeps, and for how long an answer may wait for its reader. */

export interface ConnectionLimits {
  /** Connections in all. Past it the one that is idle longest is closed for a new one. */
  readonly max: number
  /** Connections from one address (IPv6: from one /64). A trusted proxy has no such bound. */
  readonly maxPerAddress: number
  /** Pipelined requests that may wait for the answer to the one before (RFC 9112 §9.3.2). */
  readonly maxWaitingRequests: number
  /** Time to take an answer, beside what its length allows. */
  readonly answerTimeoutMs: number
  /** The slowest reader that is waited for; how far within one write it is, Node does not say. */
  readonly answerBytesPerSecond: number
  /** Bytes of all answers together that wait for their readers. */
  readonly unsentBytes: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  max: 10_000,
  // A fleet behind one carrier's NAT has one address; an attacker needs five to fill the server.
  maxPerAddress: 2_000,
  maxWaitingRequests: 16,
  answerTimeoutMs: 30_000,
  // Answers to devices fit the kernel's buffer; this is for pages of megabytes.
  answerBytesPerSecond: 32 * 1024,
  unsentBytes: 256 * 1024 ** 2,
}
