/**
 * Gathers RS256 signatures into groups of eight, for a library that computes eight at a time.
 *
 * A group is signed on the event loop, which it blocks for about a millisecond; two in a turn at
 * most, and requests that arrive while they are signed are read before the next.
 */

import type { EightSigner, SignatureJob } from './multi-buffer/eight-signer.ts'
import { LANES } from './multi-buffer/multi-buffer.ts'

/** A group takes as long as three signatures of OpenSSL, or on AMD Zen 4 a little over four. */
const FEWEST = 4
const GROUPS_IN_A_TURN = 2

export type SignOne = (job: SignatureJob) => Promise<Buffer>

/** @returns signs in a group if it finds company, otherwise with `signOne`. */
export function createSignatureGroups(
  eightSigner: Pick<EightSigner, 'sign'>,
  signOne: SignOne,
): SignOne {
  const waiting: Waiting[] = []

  function signTurn(): void {
    let groups = 0
    for (; groups < GROUPS_IN_A_TURN && waiting.length >= FEWEST; groups++) {
      signGroup(waiting.splice(0, LANES))
    }
    if (waiting.length === 0) return
    // A few that were left by a group may find company among the requests read next. In a turn
    // without a group there was none.
    if (groups > 0) setImmediate(signTurn)
    else for (const one of waiting.splice(0)) one.settleWith(signOne(one.job))
  }

  function signGroup(group: readonly Waiting[]): void {
    const signatures = eightSigner.sign(group.map(({ job }) => job))
    for (const [index, { job, settleWith }] of group.entries()) {
      settleWith(signatures?.[index] ?? signOne(job))
    }
  }

  return (job) =>
    new Promise((settleWith) => {
      if (waiting.push({ job, settleWith }) === 1) setImmediate(signTurn)
    })
}

interface Waiting {
  readonly job: SignatureJob
  readonly settleWith: (signature: Buffer | Promise<Buffer>) => void
}
