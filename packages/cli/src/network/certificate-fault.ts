/** Why TLS verification failed, and what to do about it. Turning it off is never suggested. */

const TRUST =
  'set NODE_EXTRA_CA_CERTS to the PEM file of the CA that signed it (of the certificate itself when it is self-signed)'

/** Error codes of `node:tls`, from OpenSSL. A new one is a new row. */
const FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `is self-signed and not trusted here: ${TRUST}`,
  SELF_SIGNED_CERT_IN_CHAIN: `comes from a CA that is not trusted here: ${TRUST}`,
  UNABLE_TO_GET_ISSUER_CERT: `comes from a CA that is not trusted here: ${TRUST}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `comes from a CA that is not trusted here: ${TRUST}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `comes without its intermediate certificates, or from a CA that is not trusted here: put the whole chain into MIOT_TLS_CERT, or ${TRUST}`,
  CERT_HAS_EXPIRED: 'has expired: replace it',
  CERT_NOT_YET_VALID: 'is not valid yet: check the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'is for another host name: set MIOT_ISSUER to a host name in the certificate, or get a certificate for this one',
}

/**
 * Why `fetch` rejected a certificate, as the end of a sentence that starts with "the certificate";
 * null when it failed for another reason.
 */
export function certificateFault(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return FAULTS[code] ?? null
}
