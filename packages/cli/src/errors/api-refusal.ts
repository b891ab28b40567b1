/** Refusals by ModularIoT API, for people to read. */

import { CliError, type CliErrorCode } from './cli-error.ts'

/** The members of a refusal; the same for a request and for one report of a batch. */
export interface ApiRefusal {
  readonly message?: string
  readonly detail?: string
  readonly errors?: Readonly<Record<string, string>>
}

/** `prefix` and the message, then a line for each fault. */
export function describeRefusal(refusal: ApiRefusal, prefix = ''): string[] {
  return [`${prefix}${messageOf(refusal)}`, ...faultLines(refusal.errors)]
}

export function refusalError(code: CliErrorCode, refusal: ApiRefusal, prefix: string): CliError {
  // From the network, so it may not be an object of texts.
  const given: unknown = refusal.errors
  const errors = Object.entries(typeof given === 'object' ? (given ?? {}) : {})
  return new CliError(
    code,
    `${prefix}${messageOf(refusal)}`,
    errors.length === 0
      ? null
      : Object.fromEntries(errors.map(([at, fault]) => [at, textOf(fault)])),
  )
}

function messageOf({ message, detail }: ApiRefusal): string {
  return [message ?? 'The API did not answer as documented', detail]
    .filter(Boolean)
    .map(textOf)
    .join(': ')
}

/** An object from the network may have a `toString` that is no function. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** @param errors comes from the network, so it may not be an object. */
export function faultLines(errors: Readonly<Record<string, string>> | undefined): string[] {
  if (typeof errors !== 'object') return []
  return Object.entries(errors ?? {}).map(([path, fault]) => `  ${path} ${fault}`)
}
