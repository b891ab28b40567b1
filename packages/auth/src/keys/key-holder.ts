/** Where the private half of a signing key is. Loads no dependency. */

/**
 * `store`: sealed in our store. `signer`: with the external signer; the store has its reference.
 */
export type KeyHolder = 'store' | 'signer'

/** `cty` (RFC 7516 §4.1.12) of a sealed reference; a sealed key has none. */
export const REFERENCE_TYPE = 'signer-reference'

/** Read from the header of the seal, which is authenticated when it is opened. */
export function holderOf({ sealed }: { readonly sealed: string }): KeyHolder {
  try {
    const header = Buffer.from(sealed.split('.')[0] as string, 'base64url').toString()
    return (JSON.parse(header) as { cty?: unknown }).cty === REFERENCE_TYPE ? 'signer' : 'store'
  } catch {
    return 'store'
  }
}
