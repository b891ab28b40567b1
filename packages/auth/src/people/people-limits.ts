/**
 * Limits what strangers may try at the accounts of persons: guesses, sign-ups and messages.
 *
 * As for machines (login-limits.ts), guesses count for an account from an address, and for an
 * address, never for an account alone: a stranger's guesses do not keep its person out elsewhere.
 * (Wrong second factors do: they follow the right password. better-auth locks those for 15 minutes
 * after ten in a row.) In the memory of each instance, whose processes count together.
 */

import { addressBlock } from '@modulariot/platform/net'
import { noPeers, type Peers } from '@modulariot/platform/peers'
import { FailureBudget, type FailurePolicy } from '../limits/failure-budget.ts'
import { PeopleError } from './people-error.ts'

/** Half of each may be spent at once; the rest comes back over the window. */
export const PEOPLE_POLICIES = {
  /** Wrong passwords and codes for one account from one address. */
  account: { name: 'account-failures', quota: 20, windowSeconds: 900 },
  /** All failures of an address: passwords, codes, links, setup codes. */
  address: { name: 'people-failures', quota: 100, windowSeconds: 900 },
  /** Accounts that an address creates or tries to create. */
  signUps: { name: 'sign-ups', quota: 20, windowSeconds: 3600 },
  /** Messages to one recipient, for any caller. */
  recipient: { name: 'messages-to-recipient', quota: 6, windowSeconds: 3600 },
  /** Messages that an address asks for. */
  sender: { name: 'messages-from-address', quota: 30, windowSeconds: 3600 },
  /** Invitations that the members of an organization mail. */
  inviter: { name: 'mailed-invitations', quota: 100, windowSeconds: 3600 },
} as const satisfies Record<string, FailurePolicy>

export type PeopleLimit = keyof typeof PEOPLE_POLICIES

/** A budget, and what it is counted for. */
export type Spending = readonly [limit: PeopleLimit, key: string]

const MAX_KEYS = 5000

const TOPIC = 'people limits'

export interface PeopleLimitsOptions {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Default: this process is alone. */
  readonly peers?: Peers
}

export class PeopleLimits {
  readonly #now: () => number
  readonly #peers: Peers
  readonly #budgets: Readonly<Record<PeopleLimit, FailureBudget>>

  constructor({ now, peers = noPeers() }: PeopleLimitsOptions) {
    this.#now = now
    this.#peers = peers
    peers.listen(TOPIC, (message) => this.#count(message as readonly Spending[]))
    const budgets = Object.entries(PEOPLE_POLICIES).map(([name, policy]) => [
      name,
      new FailureBudget(policy, MAX_KEYS),
    ])
    this.#budgets = Object.fromEntries(budgets)
    for (const [name, budget] of Object.entries(this.#budgets)) {
      peers.inherit(`${TOPIC}: ${name}`, budget.inheritable(now))
    }
  }

  /** @throws PeopleError `too_many_requests`. */
  assertWithin(...spendings: readonly Spending[]): void {
    const now = this.#now()
    const waits = spendings.map(([limit, key]) => this.#budgets[limit].waitMs(key, now))
    const seconds = Math.ceil(Math.max(0, ...waits) / 1000)
    if (seconds === 0) return
    throw new PeopleError(
      'too_many_requests',
      `Too many attempts from your network; try again in ${seconds} s`,
      seconds,
    )
  }

  /**
   * Tells the other processes, so that together they allow what one would: more only for what is
   * under way when a limit is reached.
   */
  spend(...spendings: readonly Spending[]): void {
    this.#count(spendings)
    this.#peers.tell(TOPIC, spendings)
  }

  #count(spendings: readonly Spending[]): void {
    const now = this.#now()
    for (const [limit, key] of spendings) this.#budgets[limit].fail(key, now)
  }

  /** Runs work that may fail as a guess does; only such failures count. */
  async guess<Result>(
    spendings: readonly Spending[],
    work: () => Promise<Result>,
  ): Promise<Result> {
    this.assertWithin(...spendings)
    try {
      return await work()
    } catch (error) {
      if (error instanceof PeopleError && GUESSES.has(error.code)) this.spend(...spendings)
      throw error
    }
  }
}

const GUESSES: ReadonlySet<string> = new Set([
  'invalid_credentials',
  'wrong_password',
  'wrong_account_password',
  'invalid_code',
  'invalid_token',
  'challenge_ended',
  'wrong_setup_code',
  'invitation_ended',
])

/** What a guess at an account counts for. */
export function accountGuess(account: string, address: string): readonly Spending[] {
  const block = addressBlock(address)
  return [
    ['account', `${block} ${account.slice(0, 320)}`],
    ['address', block],
  ]
}

/** What a guess at a token counts for. */
export function tokenGuess(address: string): readonly Spending[] {
  return [['address', addressBlock(address)]]
}

/** What asking for a message counts for. */
export function messageFrom(address: string): readonly Spending[] {
  return [['sender', addressBlock(address)]]
}
