/**
 * Where signatures are made: RS256 eight at a time, if there is a library for it; other slow ones
 * on the thread pool if there is another core to run it; all others on the main thread, in groups.
 *
 * Alone in the middle of a request, an ES256 signature takes longer than a hand-over to a thread
 * and the wait for it; in a group, less than half of that. See `createTurn`, and ADR 25 for the
 * figures; ADR 55 for eight at a time.
 */

import { type KeyObject, sign } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { createTurn } from '@modulariot/platform/turns'
import { ALGORITHMS } from './algorithms.ts'
import type { EightSigner } from './multi-buffer/eight-signer.ts'
import { createSignatureGroups, type SignOne } from './signature-groups.ts'

export type MakeSignature = (
  alg: SigningAlgorithm,
  input: Buffer,
  key: KeyObject,
) => Promise<Buffer>

export interface SignatureOptions {
  /** That this process may use. */
  readonly cores?: number
  /** Null: no library is there. Default: null. */
  readonly eightSigner?: EightSigner | null
}

/** A group blocks the event loop: fast ones for about two milliseconds, slow ones for four. */
const FAST_IN_A_TURN = 64
const SLOW_IN_A_TURN = 16

const signOnThreadPool = promisify(sign)

export function createSignatures(options: SignatureOptions = {}): MakeSignature {
  const { cores = availableParallelism(), eightSigner = null } = options
  const signOne = createSingleSignatures(cores)
  if (eightSigner === null) return signOne
  const signInGroup = createSignatureGroups(eightSigner, cores > 1 ? signElsewhere : signHere)
  return async (alg, input, key) =>
    alg === 'RS256' && eightSigner.takes(key)
      ? signInGroup({ input, key })
      : signOne(alg, input, key)
}

const signHere: SignOne = async ({ input, key }) => sign(ALGORITHMS.RS256.digest, input, key)
const signElsewhere: SignOne = ({ input, key }) =>
  signOnThreadPool(ALGORITHMS.RS256.digest, input, key)

/** With OpenSSL, in Node. */
function createSingleSignatures(cores: number): MakeSignature {
  const fastTurn = createTurn(FAST_IN_A_TURN, process.nextTick)
  // setImmediate: requests that arrive while a group is signed are read first, and join the next.
  const slowTurn = createTurn(SLOW_IN_A_TURN, setImmediate)
  return async (alg, input, key) => {
    const { digest, options, slow } = ALGORITHMS[alg]
    const signWith = { key, ...options }
    if (slow && cores > 1) return signOnThreadPool(digest, input, signWith)
    await (slow ? slowTurn() : fastTurn())
    return sign(digest, input, signWith)
  }
}
