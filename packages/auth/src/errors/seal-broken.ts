/** The data cannot be opened with the encryption key at hand. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}
