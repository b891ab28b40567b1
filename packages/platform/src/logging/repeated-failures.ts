/**
 * Failures that every request repeats, such as a full disk or a lost database: the first is logged
 * whole, the following ones are counted, and a line a minute says how many there were.
 *
 * One line for each would bury the cause, and fill the disk that may be the cause.
 */

/** The part of a logger that is used. */
export interface ErrorLog {
  error(members: object, message: string): void
}

const INTERVAL_MS = 60_000
/** Kinds counted apart; a message may hold numbers, and then each would be a kind. */
const MAX_KINDS = 100

interface Kind {
  readonly error: Error
  readonly message: string
  times: number
}

export class RepeatedFailures {
  readonly #log: ErrorLog
  readonly #intervalMs: number
  readonly #kinds = new Map<string, Kind>()

  /** @param log where the counts go. */
  constructor(log: ErrorLog, intervalMs = INTERVAL_MS) {
    this.#log = log
    this.#intervalMs = intervalMs
  }

  /**
   * @param log where the first one goes, with its `request_id`.
   * @param members of that line, beside `err`.
   */
  failed(log: ErrorLog, error: Error, message: string, members: object = {}): void {
    const name = this.#kinds.size < MAX_KINDS ? `${message}: ${error.message}` : message
    const known = this.#kinds.get(name)
    if (known !== undefined) {
      known.times++
      return
    }
    log.error({ ...members, err: error }, message)
    this.#kinds.set(name, { error, message, times: 0 })
    this.#countLater(name)
  }

  #countLater(name: string): void {
    setTimeout(() => this.#report(name), this.#intervalMs).unref()
  }

  /** A kind that did not recur is forgotten: its next failure is logged whole again. */
  #report(name: string): void {
    const kind = this.#kinds.get(name)
    if (kind === undefined || kind.times === 0) {
      this.#kinds.delete(name)
      return
    }
    const { error, message, times } = kind
    const seconds = this.#intervalMs / 1000
    this.#log.error({ err: { type: error.name, message: error.message }, times, seconds }, message)
    kind.times = 0
    this.#countLater(name)
  }
}

const ofLogs = new WeakMap<ErrorLog, RepeatedFailures>()

/** The failures counted for a logger, shared by all that write to it. */
export function repeatedFailuresOf(log: ErrorLog): RepeatedFailures {
  let failures = ofLogs.get(log)
  if (failures === undefined) {
    failures = new RepeatedFailures(log)
    ofLogs.set(log, failures)
  }
  return failures
}
