/** Which servers `miot` connects to: secrets and tokens travel over TLS or stay on this machine. */

import { urlFault } from '@modulariot/oauth/protocol'

const PLAINTEXT_HINT = 'set up TLS on that server and use its https: URL, or run miot there'

/** Why `miot` does not connect to this URL, as the end of a sentence; null when it does. */
export function serverUrlFault(url: string): string | null {
  const fault = urlFault(url)
  if (fault === null) return null
  const isPlaintext = URL.canParse(url) && new URL(url).protocol === 'http:'
  return isPlaintext ? `${fault}; ${PLAINTEXT_HINT}` : fault
}
