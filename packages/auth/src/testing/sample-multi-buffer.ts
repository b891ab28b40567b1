/** RSA in eight lanes with OpenSSL, one after the other, which tests break. Not for the program. */

import {
  constants,
  createPrivateKey,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto'
import {
  LANES,
  type LoadedKey,
  type MultiBuffer,
  type PrivateNumbers,
  RSA_BYTES,
} from '../keys/multi-buffer/multi-buffer.ts'

export interface SampleMultiBuffer extends MultiBuffer {
  /** Keys that are loaded and not wiped. */
  readonly loaded: Set<LoadedKey>
  /** How often its memory was wiped. */
  wipes: number
  /** How many groups it signed. */
  groups: number
  /** Changes what it does; null: nothing. */
  fault: SampleFault | null
}

export type SampleFault =
  /** One signature is wrong, as after a fault of the processor. */
  | 'wrong signature'
  | 'status'
  /** It returns without having done anything. */
  | 'idle'
  | 'throws'
  /** It verifies everything. */
  | 'blind'

interface SampleKey extends LoadedKey {
  readonly key: KeyObject
}

export function sampleMultiBuffer(): SampleMultiBuffer {
  const [messages, signatures, recovered] = [block(), block(), block()]
  const keys: SampleKey[] = []
  const everyLane = (from: Buffer, to: Buffer, work: (key: KeyObject, input: Buffer) => Buffer) => {
    for (let lane = 0; lane < LANES; lane++) {
      const { key } = keys[lane] as SampleKey
      work(key, laneOf(from, lane)).copy(laneOf(to, lane))
    }
    return 0
  }
  const library: SampleMultiBuffer = {
    about: 'a sample',
    messages,
    signatures,
    recovered,
    loaded: new Set(),
    wipes: 0,
    groups: 0,
    fault: null,
    load(numbers) {
      const key: SampleKey = {
        key: createPrivateKey({ key: jwkOf(numbers), format: 'jwk' }),
        wipe: () => library.loaded.delete(key),
      }
      library.loaded.add(key)
      return key
    },
    use(lane, key) {
      keys[lane] = key as SampleKey
    },
    sign() {
      library.groups++
      if (library.fault === 'status') return 0x20
      if (library.fault === 'idle') return 0
      if (library.fault === 'throws') throw new Error('no such function')
      everyLane(messages, signatures, (key, buffer) => privateEncrypt({ key, padding }, buffer))
      if (library.fault === 'wrong signature') signatures.fill(1, RSA_BYTES, RSA_BYTES + 9)
      return 0
    },
    recover() {
      if (library.fault === 'blind') messages.copy(recovered)
      if (library.fault === 'blind' || library.fault === 'idle') return 0
      return everyLane(signatures, recovered, (key, buffer) =>
        publicDecrypt({ key, padding }, buffer),
      )
    },
    wipe() {
      library.wipes++
      for (const memory of [messages, signatures, recovered]) memory.fill(0)
    },
  }
  return library
}

const padding = constants.RSA_NO_PADDING
const block = (): Buffer => Buffer.alloc(LANES * RSA_BYTES)
const laneOf = (all: Buffer, lane: number): Buffer =>
  all.subarray(lane * RSA_BYTES, (lane + 1) * RSA_BYTES)

const E = 65_537n

function jwkOf({ n, p, q, dp, dq, qInv }: PrivateNumbers) {
  const order = (integerOf(p) - 1n) * (integerOf(q) - 1n)
  const d = Buffer.from(
    inverse(E, order)
      .toString(16)
      .padStart(RSA_BYTES * 2, '0'),
    'hex',
  )
  const text = (number: Buffer): string => number.toString('base64url')
  return {
    ...{ kty: 'RSA', n: text(n), e: 'AQAB', d: text(d), p: text(p), q: text(q) },
    ...{ dp: text(dp), dq: text(dq), qi: text(qInv) },
  }
}

const integerOf = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`)

/** The extended algorithm of Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value, modulus, 1n, 0n]
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y]
  return ((x % modulus) + modulus) % modulus
}
