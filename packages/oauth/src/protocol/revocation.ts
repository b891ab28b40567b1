/**
 * Revoked tokens and keys whose signatures still verify: the entries of the revocation feed,
 * `/oauth2/revocations`.
 *
 * No RFC defines a feed; the terms are those of RFC 7009 and RFC 7519 where they have one. Each
 * entry expires together with what it revokes, so the feed stays small however many tokens are
 * issued.
 */

export type Revocation =
  /** One token. */
  | { readonly kind: 'token'; readonly jti: string; readonly expires: number }
  /** Every token of the client whose `iat` is at or before `issued_until`. */
  | {
      readonly kind: 'client'
      readonly client_id: string
      readonly issued_until: number
      readonly expires: number
    }
  /** Every token signed with the key. */
  | { readonly kind: 'key'; readonly kid: string; readonly expires: number }

/** All times are whole Unix seconds; from `expires` on the entry has no effect. */
export interface RevocationPage {
  readonly revocations: readonly Revocation[]
  /** Send as `since` to get the entries that follow. */
  readonly cursor: string
  /** More entries are available now: request the next page without waiting. */
  readonly more: boolean
}
