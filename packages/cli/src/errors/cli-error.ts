/** The error of a command: a code for programs, a message for people, an exit status for shells. */

export const EXIT = {
  failure: 1,
  usage: 2,
  not_found: 3,
  auth: 4,
  network: 5,
  rate_limited: 6,
  doctor: 7,
  /** As shells report SIGINT: 128 + 2. */
  interrupted: 130,
} as const

export type CliErrorCode = keyof typeof EXIT

/** What is wrong with each part of an input, by its path. */
export type Faults = Readonly<Record<string, string>>

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  /** Null when the error is about no particular part of an input. */
  readonly errors: Faults | null
  /** Message and faults by lines. A line break inside one comes from outside and is escaped. */
  readonly lines: readonly string[]

  constructor(code: CliErrorCode, message: string | readonly string[], errors?: Faults | null) {
    const lines = [message].flat()
    super(lines.join('\n'))
    this.code = code
    this.errors = errors ?? null
    const faults = Object.entries(this.errors ?? {}).map(([path, fault]) => `  ${path} ${fault}`)
    this.lines = [...lines, ...faults]
  }
}
