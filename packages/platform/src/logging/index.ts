/** The one logger: JSON lines without secrets, whatever is passed to it. */

import { type DestinationStream, type Level, type Logger, pino } from 'pino'
import { censor, censorValue, cutSecrets } from './censor.ts'
import { standardError } from './standard-error.ts'

export type { Logger } from 'pino'
export { repeatedFailuresOf } from './repeated-failures.ts'
export type LogLevel = Level | 'silent'

/** @param destination where lines go; by default stderr, without blocking on it. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = inTurns(standardError()),
): Logger {
  const logger = pino(
    {
      level,
      // The error is already censored; pino's own serializer must not process it again.
      serializers: { err: (error) => error },
      hooks: {
        // Runs before pino, which takes the message from an error when none is given.
        logMethod(args, method) {
          const [first, ...others] = args as unknown[]
          const censored = first instanceof Error ? censor({ err: first }) : censorValue(first)
          method.apply(this, [
            censored,
            ...others.map((value) => censorValue(value)),
          ] as typeof args)
        },
        streamWrite: cutSecrets,
      },
    },
    destination,
  )
  const { child } = logger
  logger.child = function (this: Logger, bindings, options) {
    return child.call(this, censor(bindings), options)
  } as typeof child
  return logger
}

interface Destination extends DestinationStream {
  flushSync?(): void
}

/** Between two writes, in milliseconds. */
const WRITE_EVERY_MS = 10

/**
 * Writes the lines of one turn of the event loop together, and in a flood those of several: with a
 * write for each, refusals would cost the server a fifth more, with one a turn a tenth.
 *
 * @param everyMs at most one write in this time.
 */
export function inTurns(destination: Destination, everyMs = WRITE_EVERY_MS): DestinationStream {
  let lines = ''
  let writtenAt = Number.NEGATIVE_INFINITY
  const flush = (): void => {
    if (lines === '') return
    destination.write(lines)
    lines = ''
    writtenAt = performance.now()
  }
  const flushSoon = (): void => {
    const waitMs = writtenAt + everyMs - performance.now()
    if (waitMs <= 0) setImmediate(flush)
    else setTimeout(flush, waitMs)
  }
  process.on('exit', () => {
    flush()
    destination.flushSync?.()
  })
  return {
    write(line) {
      if (lines === '') flushSoon()
      lines += line
    },
  }
}
