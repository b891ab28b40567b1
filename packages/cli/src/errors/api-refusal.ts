/** Refusals by ModularIoT API, for people to read. */

/** The members of a refusal; the same for a request and for one report of a batch. */
export interface ApiRefusal {
  readonly message?: string
  readonly detail?: string
  readonly errors?: Readonly<Record<string, string>>
}

/** `prefix` and the message, then a line for each fault. */
export function describeRefusal({ message, detail, errors }: ApiRefusal, prefix = ''): string[] {
  const text = [message ?? 'The API did not answer as documented', detail]
    .filter(Boolean)
    .join(': ')
  return [`${prefix}${text}`, ...faultLines(errors)]
}

/** @param errors comes from the network, so it may not be an object. */
export function faultLines(errors: Readonly<Record<string, string>> | undefined): string[] {
  if (typeof errors !== 'object') return []
  return Object.entries(errors ?? {}).map(([path, fault]) => `  ${path} ${fault}`)
}
