/**
 * Asks the other processes of this server for a client that this one has not read, while the store
 * is unavailable: a fleet that is known to the server gets its tokens at each process that it
 * reaches.
 *
 * What they answer is used once and not kept: another process may have lost the store earlier, and
 * this one then already dropped what the other still has.
 */

import { type Gathered, gather, type Peers } from '@modulariot/platform/peers'
import type { LoginClient } from '../records/client.ts'

type Question = readonly [number: number, client_id: string]

type Message =
  | { readonly from: number; readonly questions: readonly Question[] }
  | { readonly answers: readonly (readonly [number: number, LoginClient | null])[] }

const TOPIC = 'known clients'

/** After a statement of the database has taken 800 ms, and well within a second. */
const WAIT_MS = 100

/** Guessers must not make the processes talk of nothing else; beyond it there is no answer. */
const MAX_QUESTIONS = 500

/** Longer than our client ids. */
const MAX_ID_LENGTH = 64

/** Those of one turn go in one message. */
const QUESTIONS = { waitMs: 1, atMost: 100 }

interface Asked {
  readonly client_id: string
  readonly end: () => void
  /** How many processes have not answered. */
  open: number
  found: LoginClient | null
}

export class KnownElsewhere {
  readonly #peers: Peers
  readonly #known: (client_id: string) => LoginClient | null
  readonly #asked = new Map<number, Asked>()
  readonly #questions: Gathered<Question>
  #last = 0

  /** @param known what this process has in memory. */
  constructor(peers: Peers, known: (client_id: string) => LoginClient | null) {
    this.#peers = peers
    this.#known = known
    this.#questions = gather((questions) => {
      peers.tell(TOPIC, { from: peers.index, questions } satisfies Message)
    }, QUESTIONS)
    if (peers.count > 1) peers.listen(TOPIC, (message) => this.#hear(message as Message))
  }

  /**
   * Null where no other process knows the client, or answers in time. Waits for all answers, so
   * that the time of a login does not reveal which ids exist.
   */
  async find(client_id: string): Promise<LoginClient | null> {
    const others = this.#peers.count - 1
    if (others === 0 || this.#asked.size >= MAX_QUESTIONS) return null
    if (client_id.length > MAX_ID_LENGTH) return null
    const number = ++this.#last
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const late = setTimeout(end, WAIT_MS)
    const asked: Asked = { client_id, end, open: others, found: null }
    this.#asked.set(number, asked)
    this.#questions.add([number, client_id])
    await ended
    clearTimeout(late)
    this.#asked.delete(number)
    return asked.found
  }

  #hear(message: Message): void {
    if ('answers' in message) {
      for (const [number, client] of message.answers) this.#take(number, client)
      return
    }
    const answers = message.questions.map(
      ([number, client_id]) => [number, this.#known(client_id)] as const,
    )
    this.#peers.tellOne(message.from, TOPIC, { answers } satisfies Message)
  }

  #take(number: number, client: LoginClient | null): void {
    const asked = this.#asked.get(number)
    // Answers to a process that this one has replaced have numbers, too.
    if (asked === undefined || (client !== null && client.client_id !== asked.client_id)) return
    asked.found ??= client
    asked.open--
    if (asked.open === 0) asked.end()
  }
}
