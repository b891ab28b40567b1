/**
 * The logger of one request, created on first use: most requests log nothing, and creating a logger
 * for each would cost more than all their hooks.
 */

import type { FastifyBaseLogger } from 'fastify'
import type { Logger, LogLevel } from '../logging/index.ts'

type LogArguments = Parameters<FastifyBaseLogger['info']>

class RequestLogger {
  readonly #parent: Logger
  readonly #bindings: object
  #own: Logger | null = null

  constructor(parent: Logger, bindings: object) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get level(): string {
    return this.#parent.level
  }

  child(bindings: object): FastifyBaseLogger {
    return this.#logger().child(bindings)
  }

  trace(...args: LogArguments): void {
    this.#log('trace', args)
  }

  debug(...args: LogArguments): void {
    this.#log('debug', args)
  }

  info(...args: LogArguments): void {
    this.#log('info', args)
  }

  warn(...args: LogArguments): void {
    this.#log('warn', args)
  }

  error(...args: LogArguments): void {
    this.#log('error', args)
  }

  fatal(...args: LogArguments): void {
    this.#log('fatal', args)
  }

  silent(): void {}

  #log(level: LogLevel, args: LogArguments): void {
    if (this.#parent.isLevelEnabled(level)) this.#logger()[level](...args)
  }

  #logger(): Logger {
    this.#own ??= this.#parent.child(this.#bindings)
    return this.#own
  }
}

/** For Fastify's `childLoggerFactory`. None of our routes sets its own log level or serializers. */
export function requestLogger(parent: FastifyBaseLogger, bindings: object): FastifyBaseLogger {
  return new RequestLogger(parent as Logger, bindings) as FastifyBaseLogger
}
