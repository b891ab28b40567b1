/**
 * A bounded list of what is wrong with a payload, by path.
 *
 * Bounded because the sender decides how much is wrong: a megabyte of nonsense must not come back
 * as ten megabytes of explanations. What is over the bound is counted and never written out.
 */

/** Names and positions from the root of the body; the empty path is the body itself. */
export type Path = readonly (string | number)[]

export const MAX_SHOWN_FAULTS = 50

/**
 * The key, after all paths, under which the number of further faults stands. No path is spelled so.
 */
export const MORE_FAULTS_KEY = '…'

/** `x-fault-code` of a schema, and the first word of a metric's fault. */
export type FaultCode =
  | 'UNKNOWN_KEY'
  | 'TYPE_MISMATCH'
  | 'UNIT_MISMATCH'
  | 'OUT_OF_BOUNDS'
  | 'INVALID_TIMESTAMP'

export interface Faults {
  /** The message is a function because most of a hostile payload's are never shown. */
  add(path: Path, message: () => string): void
  isEmpty(): boolean
  /** More are counted and not shown: where they are need not be worked out. */
  isFull(): boolean
  toRecord(): Record<string, string>
}

/** Of several faults at one path the first is kept: one clear message a path. */
export function createFaults(limit = MAX_SHOWN_FAULTS): Faults {
  const shown = new Map<string, string>()
  let hidden = 0
  return {
    add(path, message) {
      if (shown.size >= limit) {
        hidden += 1
        return
      }
      const key = renderPath(path)
      if (!shown.has(key)) shown.set(key, message())
    },
    isEmpty: () => shown.size === 0,
    isFull: () => shown.size >= limit,
    toRecord() {
      // fromEntries defines own properties, so not even a path named __proto__ would be lost.
      const record = Object.fromEntries(shown)
      if (hidden > 0) record[MORE_FAULTS_KEY] = `${hidden} more not shown`
      return record
    },
  }
}

/** `['events', 2, 'timestamp']` is `events[2].timestamp`; the root is `body`. */
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

/**
 * What was sent, in quotes and with control characters escaped, or `instead` when it is too long to
 * repeat.
 */
export function echo(text: string, instead: string): string {
  return text.length > MAX_ECHO_LENGTH ? instead : JSON.stringify(text)
}
