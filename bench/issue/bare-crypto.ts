/** The limit of cryptography: the `node:crypto` operations that a login needs, and nothing else. */

import { createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { ALGORITHMS } from '../../packages/auth/src/keys/algorithms.ts'
import { answerParent } from '../support/child.ts'

export interface Operation {
  readonly does: 'sign' | 'verify'
  readonly alg: SigningAlgorithm
  /** Bytes to sign. */
  readonly bytes: number
}

export interface CryptoLoad {
  readonly operations: readonly Operation[]
  readonly seconds: number
}

export interface CryptoResult {
  /** CPU time of all operations, in sequence. */
  readonly times: number
  readonly elapsedSeconds: number
  readonly cpuSeconds: number
}

const keys = new Map<SigningAlgorithm, Promise<{ privateKey: KeyObject; publicKey: KeyObject }>>()

async function makeKeys(alg: SigningAlgorithm) {
  const { privateKey } = await ALGORITHMS[alg].generate()
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

async function prepare({ does, alg, bytes }: Operation): Promise<() => void> {
  const made = keys.get(alg) ?? makeKeys(alg)
  keys.set(alg, made)
  const { privateKey, publicKey } = await made
  const { digest, options } = ALGORITHMS[alg]
  const input = randomBytes(bytes)
  const signWith = { key: privateKey, ...options }
  if (does === 'sign') return () => void sign(digest, input, signWith)
  const signature = sign(digest, input, signWith)
  const verifyWith = { key: publicKey, ...options }
  return () => void verify(digest, input, verifyWith, signature)
}

answerParent(async ({ operations, seconds }: CryptoLoad): Promise<CryptoResult> => {
  const work = await Promise.all(operations.map(prepare))
  const cpu = process.cpuUsage()
  const start = performance.now()
  const deadline = start + seconds * 1000
  let times = 0
  while (performance.now() < deadline) {
    for (const operation of work) operation()
    times++
  }
  const { user, system } = process.cpuUsage(cpu)
  const elapsedSeconds = (performance.now() - start) / 1000
  return { times, elapsedSeconds, cpuSeconds: (user + system) / 1e6 }
})
