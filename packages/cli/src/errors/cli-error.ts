/** The error of a command: a code for programs, a message for people, an exit status for shells. */

export const EXIT = {
  failure: 1,
  usage: 2,
  not_found: 3,
  auth: 4,
  network: 5,
  rate_limited: 6,
  doctor: 7,
} as const

export type CliErrorCode = keyof typeof EXIT

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  /** The message by lines. A line break inside one comes from outside and is escaped. */
  readonly lines: readonly string[]

  constructor(code: CliErrorCode, message: string | readonly string[]) {
    const lines = [message].flat()
    super(lines.join('\n'))
    this.code = code
    this.lines = lines
  }
}
