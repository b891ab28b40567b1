/** What is wrong with a file of clients as a whole. */
export class ClientFileError extends Error {
  override readonly name = 'ClientFileError'
  /** `usage`: its header; `failure`: what it holds. */
  readonly kind: 'usage' | 'failure'

  constructor(kind: ClientFileError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}
