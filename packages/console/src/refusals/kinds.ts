/** What a kind of refusal means to the reader, and where in the console it is put right. */

import type { Kind, KindTexts } from '../texts/en-kinds.ts'
import { t } from '../texts/index.ts'

/** Also for a kind that this version of the page does not know. */
export function kindTexts(kind: string): KindTexts {
  const known: Readonly<Record<string, KindTexts>> = t.kinds
  return Object.hasOwn(known, kind)
    ? (known[kind] as KindTexts)
    : { name: kind, cause: t.requests.unknownCause, remedy: t.requests.unknownRemedy }
}

/** A dialog of the application's page. */
export type RemedyDialog = 'rotate' | 'allowlist' | 'access' | 'enable' | 'limits'

const DIALOGS: Readonly<Partial<Record<Kind, RemedyDialog>>> = {
  malformed_secret: 'rotate',
  wrong_secret: 'rotate',
  secret_expired: 'rotate',
  secret_under_former_key: 'rotate',
  address_not_allowed: 'allowlist',
  audience_not_granted: 'access',
  scope_not_granted: 'access',
  insufficient_scope: 'access',
  client_disabled: 'enable',
  quota_exceeded: 'limits',
}

export function remedyDialog(kind: string): RemedyDialog | null {
  return DIALOGS[kind as Kind] ?? null
}

const OF_TOKENS: readonly string[] = [
  'malformed_token',
  'unknown_key',
  'bad_signature',
  'claim_rejected',
  'revoked_token',
] satisfies readonly Kind[]

/** Whether the Token lab shows what is wrong. */
export function isOfToken(kind: string): boolean {
  return OF_TOKENS.includes(kind)
}
