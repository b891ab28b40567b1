/**
 * A bounded list of the faults in a payload, by path.
 *
 * The sender controls the number of faults, so a megabyte of invalid input must not produce ten
 * megabytes of messages. Faults past the limit are counted, and their messages never built.
 */

/** Member names and array indexes from the root of the body; empty for the body itself. */
export type Path = readonly (string | number)[]

export const MAX_SHOWN_FAULTS = 50

/** The last key of the record, which holds the number of hidden faults. No path renders like it. */
export const MORE_FAULTS_KEY = '…'

/** The value of `x-fault-code`, and the first word of a metric's message. */
export type FaultCode =
  | 'UNKNOWN_KEY'
  | 'TYPE_MISMATCH'
  | 'UNIT_MISMATCH'
  | 'OUT_OF_BOUNDS'
  | 'INVALID_TIMESTAMP'

export interface Faults {
  /** Takes the message as a function because most messages of a hostile payload are never shown. */
  add(path: Path, message: () => string): void
  isEmpty(): boolean
  /** True when further faults are only counted, so callers need not build their paths. */
  isFull(): boolean
  toRecord(): Record<string, string>
}

/**
 * Keeps the first of several faults at one path.
 *
 * @param pathAsSent the path to show, where the checked value differs from the sent one.
 */
export function createFaults(
  limit = MAX_SHOWN_FAULTS,
  pathAsSent = (path: Path): Path => path,
): Faults {
  const shown = new Map<string, string>()
  let hidden = 0
  return {
    add(path, message) {
      if (shown.size >= limit) {
        hidden += 1
        return
      }
      const key = renderPath(pathAsSent(path))
      if (!shown.has(key)) shown.set(key, message())
    },
    isEmpty: () => shown.size === 0,
    isFull: () => shown.size >= limit,
    toRecord() {
      // fromEntries defines own properties, so even a path named __proto__ is kept.
      const record = Object.fromEntries(shown)
      if (hidden > 0) record[MORE_FAULTS_KEY] = `${hidden} more not shown`
      return record
    },
  }
}

/** Renders `['events', 2, 'timestamp']` as `events[2].timestamp`, and the root as `body`. */
export function renderPath(path: Path): string {
  if (path.length === 0) return 'body'
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

const MAX_ECHO_LENGTH = 64

/** The text in quotes, with control characters escaped; `instead` when it is too long to repeat. */
export function echo(text: string, instead: string): string {
  return text.length > MAX_ECHO_LENGTH ? instead : JSON.stringify(text)
}
