/** The port that moves stored secrets to another encryption key. */

/** A secret whose digest is to be replaced. The secret itself stays the same. */
export interface SecretMove {
  readonly client_id: string
  readonly secret_id: string
  /** The digest it has until now; with another one it is left alone. */
  readonly from: string
  readonly digest: string
  /** The id of the key of `digest`. */
  readonly digest_key: string
}

export interface SecretMoveStore {
  /**
   * Replaces the digests, and returns how many. Neither the clients' versions nor the trail change,
   * since the client sees no difference. Notifies no listener: a cached record with the former
   * digest stays valid where the former key is known.
   */
  moveSecrets(moves: readonly SecretMove[]): Promise<number>
}
