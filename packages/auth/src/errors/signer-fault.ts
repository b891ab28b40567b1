/**
 * - `missing`: a key is with a signer, and none is set.
 * - `unavailable`: the program does not run, or ended during the call.
 * - `busy`: more calls wait than it may have.
 * - `timeout`: it did not answer in time.
 * - `refused`: it answered with an error.
 * - `wrong_key`: what it made is no key of the algorithm.
 * - `wrong_signature`: the public key does not verify what it signed.
 */
export type SignerFaultKind =
  | 'missing'
  | 'unavailable'
  | 'busy'
  | 'timeout'
  | 'refused'
  | 'wrong_key'
  | 'wrong_signature'

/** The external signer did not do what it was called for. */
export class SignerFault extends Error {
  override readonly name = 'SignerFault'
  readonly kind: SignerFaultKind

  constructor(kind: SignerFaultKind, message: string) {
    super(message)
    this.kind = kind
  }
}
