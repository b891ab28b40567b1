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

/**
 * Writes the lines of one turn of the event loop together: in a flood of refusals, a write for each
 * would cost a fifth of the server's time.
 */
export function inTurns(destination: Destination): DestinationStream {
  let lines = ''
  const flush = (): void => {
    if (lines !== '') destination.write(lines)
    lines = ''
  }
  process.on('exit', () => {
    flush()
    destination.flushSync?.()
  })
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
  }
}
