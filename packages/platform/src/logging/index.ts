/** The one logger: JSON lines without secrets, whatever is passed to it. */

import { type DestinationStream, type Level, type Logger, pino } from 'pino'
import { censor, censorValue, cutSecrets } from './censor.ts'

export type { Logger } from 'pino'
export { repeatedFailuresOf } from './repeated-failures.ts'
export type LogLevel = Level | 'silent'

/** @param destination where lines go; by default stderr, without blocking on it. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ dest: 2, sync: false }),
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
