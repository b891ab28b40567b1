/** What an answer that a machine has received means, and what to do. Works on the text alone. */

import { t } from '../../texts/index.ts'

export interface Finding {
  readonly cause: string
  readonly remedy: string
}

type Name = keyof typeof t.start.findings

/** In this order: the first that matches is it. */
const PATTERNS: readonly (readonly [RegExp, Name])[] = [
  [
    /resolve host|ENOTFOUND|connection refused|ECONNREFUSED|could not connect|timed out|no such host/i,
    'unreachable',
  ],
  [/certificate|self.signed|CERT_|SSL routines|x509/i, 'certificate'],
  [/too many|"status":\s*429|\b429\b/i, 'tooMany'],
  [/not authorized to access the audience|invalid_target|audience/i, 'audience'],
  [/address/i, 'address'],
  [/timestamp|in the future|expired|clock|not yet valid/i, 'clock'],
  [/insufficient_scope|invalid_scope|\bscope\b/i, 'scope'],
  [/grant_type/i, 'grantType'],
  [/invalid_client|unauthorized/i, 'secret'],
  [/validation_error|validation failed/i, 'report'],
  [/invalid_token|bearer|no token|access token/i, 'token'],
  [/invalid_request|missing|malformed|JSON/i, 'malformed'],
  [/success|access_token/i, 'success'],
]

/** Null for a text that says nothing known. */
export function diagnose(text: string): Finding | null {
  const found = PATTERNS.find(([pattern]) => pattern.test(text))
  return found === undefined ? null : t.start.findings[found[1]]
}
