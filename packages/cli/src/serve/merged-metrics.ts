/**
 * The metrics of all workers as those of one server. What a worker counted stays in the sums after
 * its end: a sum that fell would be read as a restart, and everything would count again.
 */

import {
  type MetricsPage,
  type MetricValues,
  mergedCounts,
  mergedPage,
} from '@modulariot/platform/metrics'

type Values = readonly MetricValues[]

export interface MetricsSource {
  readonly index: number
  /** Asks for the values, which arrive by `MergedMetrics.heard`. */
  ask(id: number): void
}

/** A worker that does not answer within this time is on the page with its last values. */
const ANSWER_WITHIN_MS = 2000

interface Known {
  values: Values
  /** The newest question that was answered. */
  answered: number
}

export class MergedMetrics {
  readonly #own: () => Promise<Values>
  readonly #sources = new Map<MetricsSource, Known>()
  #ended: Values = []
  /** One after the other: the counts of two workers may not overtake each other. */
  #adding: Promise<void> = Promise.resolve()
  #lastId = 0
  readonly #onHeard = new Set<() => void>()

  /** @param own the values of this process. */
  constructor(own: () => Promise<Values>) {
    this.#own = own
  }

  add(source: MetricsSource): void {
    this.#sources.set(source, { values: [], answered: 0 })
  }

  /** @param id of the question; null: it has asked for the last time. */
  heard(source: MetricsSource, id: number | null, values: Values): void {
    const known = this.#sources.get(source)
    if (known === undefined) return
    known.values = values
    known.answered = id ?? Number.POSITIVE_INFINITY
    this.#notify()
  }

  /** The worker has ended. */
  remove(source: MetricsSource): void {
    const known = this.#sources.get(source)
    if (known === undefined) return
    this.#adding = this.#adding.then(async () => {
      this.#ended = await mergedCounts([this.#ended, known.values])
      this.#sources.delete(source)
      this.#notify()
    })
  }

  async page(): Promise<MetricsPage> {
    const id = ++this.#lastId
    for (const source of this.#sources.keys()) source.ask(id)
    await this.#answers(id)
    await this.#adding
    const workers = [...this.#sources].toSorted(([one], [other]) => one.index - other.index)
    return mergedPage([this.#ended, ...workers.map(([, { values }]) => values), await this.#own()])
  }

  /** Resolves when every worker has answered this question or a later one, or in time. */
  async #answers(id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, ANSWER_WITHIN_MS)
    const check = (): void => {
      if ([...this.#sources.values()].every(({ answered }) => answered >= id)) resolve()
    }
    this.#onHeard.add(check)
    check()
    await promise
    this.#onHeard.delete(check)
    clearTimeout(late)
  }

  #notify(): void {
    for (const check of this.#onHeard) check()
  }
}
