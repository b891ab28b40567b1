/**
 * What may appear in a log line. Three filters, because each alone has gaps:
 *
 * 1. Members with a telling name are censored at any depth, and anything that holds a request is
 *    left out.
 * 2. Errors are reduced to the parts we know: libraries attach requests, bodies and raw packets to
 *    theirs.
 * 3. Whatever looks like a secret or a token is cut out of the finished line, wherever it came
 *    from.
 */

const CENSORED = '[redacted]'
/** Deeper than anything logged on purpose; stops cycles too. */
const MAX_DEPTH = 8

/** Names of members that are never written, in lower case without `-` and `_`. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  // Secrets.
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'clientsecret',
  'clientassertion',
  'assertion',
  'secret',
  'password',
  'passphrase',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'token',
  'apikey',
  'privatekey',
  'encryptionkey',
  'dpop',
  // Parts of a request, where secrets appear under any name.
  'body',
  'headers',
  'rawheaders',
  'rawpacket',
  'payload',
  'query',
  'url',
])

/** Returns the members in a form that may be logged. */
export function censor(members: object, depth = 0): Record<string, unknown> {
  const censored: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(members)) {
    const secret = SECRET_NAMES.has(name.toLowerCase().replaceAll(/[-_]/g, ''))
    censored[name] = secret ? CENSORED : censorValue(value, depth + 1)
  }
  return censored
}

/** Returns the value in a form that may be logged. */
export function censorValue(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth > MAX_DEPTH) return '[too deep]'
  if (value instanceof Error) return censorError(value, depth)
  if (Array.isArray(value)) return value.map((item) => censorValue(item, depth + 1))
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return censor(value, depth)
  // A request, a socket, a key: an unknown class could hold anything.
  return `[${value.constructor?.name || 'object'}]`
}

function censorError(error: Error, depth: number): Record<string, unknown> {
  const { name, code, statusCode } = error as Error & { code?: unknown; statusCode?: unknown }
  return {
    type: name,
    // `JSON.parse` and `BigInt` quote the text they could not read.
    message: error instanceof SyntaxError ? CENSORED : error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof statusCode === 'number' && { statusCode }),
    // Without its first lines, which repeat the message.
    stack: error.stack
      ?.split('\n')
      .filter((line) => /^ {4}at /.test(line))
      .join('\n'),
    ...(error.cause !== undefined && { cause: censorValue(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && { errors: censorValue(error.errors, depth + 1) }),
  }
}

/** Client secrets; JWTs and anything that begins like one; credentials after their scheme. */
const SECRET_SHAPES =
  /miot_(?:dev|prod)_[0-9A-Za-z]{20,}|\beyJ[\w-]{8,}(?:\.[\w-]*)+|\b(?:Basic|Bearer|DPoP) +[\w.~+/=-]{8,}/gi

/** Cuts everything that looks like a secret out of a finished log line. */
export function cutSecrets(line: string): string {
  return line.replaceAll(SECRET_SHAPES, CENSORED)
}
