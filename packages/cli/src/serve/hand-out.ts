/**
 * Hands accepted connections to workers: each to the one with the fewest, of those that have taken
 * their previous one. A worker that hangs holds up one connection; one that dies, none: another
 * gets it.
 */

import type { Socket } from 'node:net'

export interface Receiver {
  /** Connections it has. */
  load(): number
  /**
   * @param socket stays open here, too.
   * @param done called with true once it has the connection, and with false when it has ended
   *   without reading anything of it.
   */
  take(socket: Socket, done: (taken: boolean) => void): void
}

/** A connection that a worker has not taken yet. */
interface OnTheWay {
  readonly done: PromiseWithResolvers<void>
  /** The worker gets nothing after it. */
  isLast: boolean
}

/** Beyond it connections are closed, as the kernel would refuse them. */
const MAX_WAITING = 4096

export class HandOut {
  readonly #waiting: Socket[] = []
  readonly #free = new Set<Receiver>()
  readonly #busy = new Map<Receiver, OnTheWay>()
  #settled = (): void => {}
  readonly #maxWaiting: number
  /** Connections that were closed, since too many waited for a worker. */
  refused = 0

  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting
  }

  give(socket: Socket): void {
    // It may be reset while it waits.
    socket.on('error', () => {})
    if (this.#waiting.length >= this.#maxWaiting) {
      this.refused++
      socket.destroy()
      return
    }
    this.#waiting.push(socket)
    this.#next()
  }

  add(receiver: Receiver): void {
    this.#free.add(receiver)
    this.#next()
  }

  /** Gives it nothing more. Resolves once it has what was on its way to it, or has ended. */
  async remove(receiver: Receiver): Promise<void> {
    this.#free.delete(receiver)
    const onTheWay = this.#busy.get(receiver)
    if (onTheWay === undefined) return
    onTheWay.isLast = true
    await onTheWay.done.promise
  }

  /** Resolves once each connection has been taken. */
  async settled(): Promise<void> {
    if (this.#waiting.length === 0 && this.#busy.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settled = resolve
    await promise
  }

  #next(): void {
    for (;;) {
      const receiver = this.#freest()
      const socket = receiver && this.#waiting.shift()
      if (!receiver || !socket) break
      this.#free.delete(receiver)
      const onTheWay = { done: Promise.withResolvers<void>(), isLast: false }
      this.#busy.set(receiver, onTheWay)
      receiver.take(socket, (taken) => {
        this.#busy.delete(receiver)
        if (!taken) this.#waiting.unshift(socket)
        else {
          socket.destroy()
          if (!onTheWay.isLast) this.#free.add(receiver)
        }
        onTheWay.done.resolve()
        this.#next()
      })
    }
    if (this.#waiting.length === 0 && this.#busy.size === 0) this.#settled()
  }

  /** Of several with the same load, the one that has waited longest. */
  #freest(): Receiver | null {
    let freest: Receiver | null = null
    for (const one of this.#free) {
      if (freest === null || one.load() < freest.load()) freest = one
    }
    return freest
  }
}
