/**
 * Hashes passwords with scrypt (RFC 7914), one at a time.
 *
 * Each takes about 100 ms of a thread of libuv's pool, whose four threads also sign the tokens of
 * machines. With one at a time, three threads keep signing, and a flood of sign-ins waits for
 * itself alone: on two busy cores, eight signatures took 3.1 ms alone, 3.9 ms beside one hash at a
 * time, and 312 ms beside four. Each process of a server has a pool and a queue of its own; what
 * one caller may have waiting is counted in all.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { noPeers, type Peers, SharedCounts } from '@modulariot/platform/peers'
import { PeopleError } from './people-error.ts'

/** 32 MiB, as better-auth's own hashes, so that either can verify the other's. */
const COST = { N: 2 ** 14, r: 16, p: 1 } as const
const KEY_BYTES = 64
const MAX_MEMORY_BYTES = 2 * 128 * COST.N * COST.r

/** As many as one thread hashes in about two seconds. */
const MAX_WAITING = 20

/** Of these, for one address block and for one account: a single caller keeps no other out. */
const MAX_WAITING_EACH = 3

export interface Passwords {
  hash(password: string): Promise<string>
  verify(entered: { hash: string; password: string }): Promise<boolean>
}

/**
 * The callers that hashes are computed for; better-auth, which is in between, passes nothing on.
 */
const holders = new AsyncLocalStorage<readonly string[]>()

/** Counts the hashes of `work` for the holder too. */
export function hashesFor<Result>(holder: string, work: () => Result): Result {
  return holders.run([...(holders.getStore() ?? []), holder], work)
}

export interface PasswordsOptions {
  readonly maxWaiting?: number
  /** Default: this process is alone. */
  readonly peers?: Peers
}

/** @throws PeopleError `too_many_requests` when too many wait, in all or for one holder. */
export function createPasswords({
  maxWaiting = MAX_WAITING,
  peers = noPeers(),
}: PasswordsOptions = {}): Passwords {
  const inTurn = oneAtATime(maxWaiting, new SharedCounts('password hashes', peers))
  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = randomBytes(16).toString('hex')
        return `${salt}:${(await derive(password, salt)).toString('hex')}`
      }),
    verify: ({ hash, password }) =>
      inTurn(async () => {
        const [salt = '', key = ''] = hash.split(':')
        const expected = Buffer.from(key, 'hex')
        const derived = await derive(password, salt)
        return expected.length === derived.length && timingSafeEqual(expected, derived)
      }),
  }
}

function derive(password: string, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { ...COST, maxmem: MAX_MEMORY_BYTES }
    // The same password has one form, whatever keyboard it was typed on (NIST, the same section).
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

function oneAtATime(maxWaiting: number, ofHolders: SharedCounts) {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const held = holders.getStore() ?? []
    const full = held.some((holder) => ofHolders.of(holder) >= MAX_WAITING_EACH)
    if (full || waiting >= maxWaiting) throw new PeopleError('too_many_requests')
    waiting++
    ofHolders.add(...held)
    const previous = last
    const own = previous.then(work, work)
    last = own.catch(() => {})
    try {
      return await own
    } finally {
      waiting--
      ofHolders.remove(...held)
    }
  }
}
