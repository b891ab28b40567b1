/**
 * How signatures are made: the dear ones on the thread pool where another core is there to make
 * them, all others here, in turns.
 *
 * Made alone in the middle of a request, a signature of ES256 takes longer than to hand it to a
 * thread and wait; made beside others, less than half of that. See `createTurn`, and ADR 25 for the
 * figures.
 */

import { type KeyObject, sign } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { createTurn } from '@modulariot/platform/turns'
import { ALGORITHMS } from './algorithms.ts'

export type MakeSignature = (
  alg: SigningAlgorithm,
  input: Buffer,
  key: KeyObject,
) => Promise<Buffer>

/** They take about two milliseconds, and these four, for which everybody else waits. */
const CHEAP_IN_A_TURN = 64
const DEAR_IN_A_TURN = 16

const signOnThreadPool = promisify(sign)

/** @param cores that this process may use. */
export function createSignatures(cores = availableParallelism()): MakeSignature {
  const cheapTurn = createTurn(CHEAP_IN_A_TURN, process.nextTick)
  // As long as a whole group of the others takes; whoever can be read meanwhile joins the next.
  const dearTurn = createTurn(DEAR_IN_A_TURN, setImmediate)
  return async (alg, input, key) => {
    const { digest, options, dear } = ALGORITHMS[alg]
    const signWith = { key, ...options }
    if (dear && cores > 1) return signOnThreadPool(digest, input, signWith)
    await (dear ? dearTurn() : cheapTurn())
    return sign(digest, input, signWith)
  }
}
