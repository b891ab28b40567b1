/**
 * Decides when a caller has to wait before the next attempt to prove a client. Only failures count.
 *
 * There are three budgets of failures: for a client from an address, for an address, and far above
 * them a ceiling for an address, checked before the body is read. A guesser spends the budgets of
 * its own address, so the right secret passes from elsewhere. From the same address (a fleet behind
 * one NAT) a secret passes too once it has proved its client: that does not help a guess, which
 * would have to be that secret. So an address from which a client proved itself has no ceiling: its
 * bodies are read, and only proven secrets pass. Signatures are new each time, so with them a
 * client passes that proved itself from this address, within a budget of failures of its own.
 *
 * Whether a client exists makes no difference here.
 *
 * All processes of one server count together: each tells the others its failures, and a proof when
 * it is the first one. So a budget is exceeded only by guesses that are under way when it is spent:
 * those that wait for the store, as in a single process, and those that another process admits
 * before it has heard of the last ones. Beyond that, spreading guesses over processes gains
 * nothing, and ending one does not either: the process that replaces it gets all that is counted.
 */

import { OAuthError, type RateLimit } from '@modulariot/oauth/protocol'
import { atMost } from '@modulariot/platform/at-most'
import { addressBlock } from '@modulariot/platform/net'
import { noPeers, type Peers, paced } from '@modulariot/platform/peers'
import { LRUCache } from 'lru-cache'
import { FailureBudget, type FailurePolicy } from './failure-budget.ts'

export interface LoginPolicies {
  readonly client: FailurePolicy
  readonly address: FailurePolicy
  readonly ceiling: FailurePolicy
  /** For a client that proved itself by a signature: each further failure costs a verification. */
  readonly signature: FailurePolicy
}

/** Generous: 256 random bits cannot be guessed, so these only bound the cost of guessing. */
export const LOGIN_POLICIES: LoginPolicies = {
  client: { name: 'client-failures', quota: 120, windowSeconds: 60 },
  address: { name: 'address-failures', quota: 1200, windowSeconds: 60 },
  ceiling: { name: 'address-ceiling', quota: 6000, windowSeconds: 60 },
  signature: { name: 'signature-failures', quota: 600, windowSeconds: 60 },
}

/** An attempt to prove a client. */
export interface LoginAttempt {
  readonly client_id: string
  readonly address: string
  /** The stored form of the secret it presents; null for a signature. */
  readonly digest: string | null
}

/** A budget, and the key it counts under. */
type Count = readonly [budget: FailureBudget, key: string]

const MAX_KEYS = 50_000
/** Longer than our client ids; the rest of a longer id is not needed. */
const MAX_ID_LENGTH = 64

/** What one process tells the others. */
type Told =
  | { readonly failed: LoginAttempt }
  /** The block of a refused address. */
  | { readonly refused: string }
  | { readonly proved: readonly Proof[] }

/** What proves a client from now on, and the block it came from. */
interface Proof {
  readonly key: string
  readonly client_id: string
  readonly block: string
}

const TOPIC = 'login limits'

/**
 * 500 a second. Of a fleet larger than `MAX_KEYS` nearly each login is a first proof: telling all
 * of them would cost four processes 20 µs a login.
 */
const PROOFS = { everyMs: 100, atMost: 50, maxWaiting: 10_000 }

export interface LoginLimitsOptions {
  /** Unix milliseconds. */
  readonly now: () => number
  readonly policies?: LoginPolicies
  /** Default: this process is alone. */
  readonly peers?: Peers
}

export class LoginLimits {
  readonly #now: () => number
  readonly #peers: Peers
  readonly #tellProof: (proof: Proof) => void
  readonly #client: FailureBudget
  readonly #address: FailureBudget
  readonly #ceiling: FailureBudget
  readonly #signature: FailureBudget
  /**
   * The client that a secret proved, by the secret's digest; for a signature, by its address and
   * id.
   */
  readonly #proven = new LRUCache<string, string>(atMost(MAX_KEYS))
  /** Addresses from which a client proved itself. */
  readonly #provenFrom = new LRUCache<string, true>(atMost(MAX_KEYS))

  constructor({ now, policies = LOGIN_POLICIES, peers = noPeers() }: LoginLimitsOptions) {
    this.#now = now
    this.#peers = peers
    this.#client = new FailureBudget(policies.client, MAX_KEYS)
    this.#address = new FailureBudget(policies.address, MAX_KEYS)
    this.#ceiling = new FailureBudget(policies.ceiling, MAX_KEYS)
    this.#signature = new FailureBudget(policies.signature, MAX_KEYS)
    this.#tellProof = paced((proofs: readonly Proof[]) => {
      // A secret may have failed since.
      this.#tell({ proved: proofs.filter((proof) => this.#isKnown(proof)) })
    }, PROOFS)
    if (peers.count > 1) peers.listen(TOPIC, (message) => this.#hear(message as Told))
    this.#letInherit(peers)
  }

  #letInherit(peers: Peers): void {
    const budgets = {
      'client failures': this.#client,
      'address failures': this.#address,
      'address ceilings': this.#ceiling,
      'signature failures': this.#signature,
    }
    for (const [topic, budget] of Object.entries(budgets)) {
      peers.inherit(topic, budget.inheritable(this.#now))
    }
    peers.inherit<[key: string, client_id: string]>('proven clients', {
      items: () => {
        const proven: [string, string][] = []
        this.#proven.rforEach((client_id, key) => proven.push([key, client_id]))
        return proven
      },
      take: (proven) => {
        for (const [key, client_id] of proven) this.#proven.set(key, client_id)
      },
    })
    peers.inherit<string>('addresses of proven clients', {
      items: () => [...this.#provenFrom.rkeys()],
      take: (blocks) => {
        for (const block of blocks) this.#provenFrom.set(block, true)
      },
    })
  }

  /** How many keys are kept, of all kinds; bounded. */
  get size(): number {
    const budgets = [this.#client, this.#address, this.#ceiling, this.#signature]
    const failed = budgets.reduce((sum, budget) => sum + budget.size, 0)
    return failed + this.#proven.size + this.#provenFrom.size
  }

  /** The refusal of a request before its body is read; null: read it. */
  refusalAtCeiling(address: string): OAuthError | null {
    const now = this.#now()
    const block = addressBlock(address)
    if (this.#ceiling.waitMs(block, now) === 0 || this.#provenFrom.get(block)) return null
    return tooManyFailures([this.#ceiling.describe(block, now)])
  }

  /**
   * Runs before the client is looked up.
   *
   * @param nowMs Unix milliseconds.
   * @throws OAuthError `temporarily_unavailable` (429).
   */
  assertMayTry(attempt: LoginAttempt, nowMs: number): void {
    // Every failure is also counted by address, and most addresses have none.
    if (!this.#address.remembers(addressBlock(attempt.address))) return
    const keys = keysOf(attempt)
    const isSpent = ([budget, key]: Count): boolean => budget.waitMs(key, nowMs) > 0
    const ordinary: Count[] = [
      [this.#client, keys.client],
      [this.#address, keys.address],
    ]
    let spent = ordinary.filter(isSpent)
    if (spent.length === 0) return
    if (this.#isProven(attempt)) {
      if (attempt.digest !== null) return
      const further: Count[] = [[this.#signature, keys.client]]
      spent = further.filter(isSpent)
      if (spent.length === 0) return
    }
    // A refusal counts toward the ceiling, or a caller that never stops would never reach it.
    // Beyond the ceiling the others know enough: a flood must not become a flood of messages.
    const isBelow = this.#ceiling.waitMs(keys.address, nowMs) === 0
    this.#ceiling.fail(keys.address, nowMs)
    if (isBelow) this.#tell({ refused: keys.address })
    throw tooManyFailures(spent.map(([budget, key]) => budget.describe(key, nowMs)))
  }

  failed(attempt: LoginAttempt): void {
    this.#countFailure(attempt)
    if (this.#peers.count === 1) return
    const { client_id, address, digest } = attempt
    this.#tell({ failed: { client_id: client_id.slice(0, MAX_ID_LENGTH), address, digest } })
  }

  proved(attempt: LoginAttempt): void {
    const { client_id, address, digest } = attempt
    const key = digest ?? keysOf(attempt).client
    const block = addressBlock(address)
    const proof = { key, client_id, block }
    if (this.#peers.count > 1 && !this.#isKnown(proof)) this.#tellProof(proof)
    this.#remember(proof)
  }

  #tell(message: Told): void {
    if (this.#peers.count > 1) this.#peers.tell(TOPIC, message)
  }

  #hear(message: Told): void {
    if ('failed' in message) this.#countFailure(message.failed)
    else if ('refused' in message) this.#ceiling.fail(message.refused, this.#now())
    else for (const proof of message.proved) this.#remember(proof)
  }

  /**
   * Reads the clock itself: a failure that waited for the store, counted at the login's arrival,
   * would lower what others have spent since.
   */
  #countFailure(attempt: LoginAttempt): void {
    const now = this.#now()
    const keys = keysOf(attempt)
    this.#client.fail(keys.client, now)
    this.#address.fail(keys.address, now)
    this.#ceiling.fail(keys.address, now)
    if (attempt.digest === null) this.#signature.fail(keys.client, now)
    // The secret has expired or was revoked since. A failed signature does not imply that for the
    // next one.
    else if (this.#isProven(attempt)) this.#proven.delete(attempt.digest)
  }

  #remember({ key, client_id, block }: Proof): void {
    this.#proven.set(key, client_id)
    // Usually present. A lookup also refreshes its place in the LRU, at less cost than setting it
    // again.
    if (this.#provenFrom.get(block) === undefined) this.#provenFrom.set(block, true)
  }

  /** Then the others know it, too, unless they had to forget it since. */
  #isKnown({ key, client_id, block }: Proof): boolean {
    return this.#proven.peek(key) === client_id && this.#provenFrom.has(block)
  }

  #isProven(attempt: LoginAttempt): boolean {
    return this.#proven.get(attempt.digest ?? keysOf(attempt).client) === attempt.client_id
  }
}

function keysOf({ client_id, address }: LoginAttempt): { client: string; address: string } {
  const block = addressBlock(address)
  return { client: `${block} ${client_id.slice(0, MAX_ID_LENGTH)}`, address: block }
}

function tooManyFailures(limits: readonly RateLimit[]): OAuthError {
  const retry_after_seconds = Math.max(1, ...limits.map(({ resetSeconds }) => resetSeconds))
  return new OAuthError(
    'temporarily_unavailable',
    `Too many failed attempts from this address; try again in ${retry_after_seconds} s`,
    429,
    { kind: 'too_many_failures', limits, retry_after_seconds },
  )
}
