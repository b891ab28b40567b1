/**
 * What no longer holds although its signature does: the entries of the revocation feed,
 * `/oauth2/revocations`.
 *
 * No RFC has a feed; the words are those of RFC 7009 and RFC 7519 where they have one. Each entry
 * names what it kills and dies with it, so the feed stays small however many tokens are issued.
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
  /** Every token that the key has signed. */
  | { readonly kind: 'key'; readonly kid: string; readonly expires: number }

/** All times are whole Unix seconds; from `expires` on the entry has nothing left to kill. */
export interface RevocationPage {
  readonly revocations: readonly Revocation[]
  /** Pass as `since` for what comes next. */
  readonly cursor: string
  /** There is more already: ask again without waiting. */
  readonly more: boolean
}
