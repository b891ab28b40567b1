/** What is counted of a library that signs RS256 eight at a time. Without one, nothing. */

import type { Metrics } from '@modulariot/platform/metrics'
import type { EightSigner } from '../keys/multi-buffer/eight-signer.ts'

/** @param signer null: the library cannot be used. */
export function publishRsaLibrary(
  metrics: Metrics,
  signer: Pick<EightSigner, 'inUse' | 'signed'> | null,
): void {
  metrics.gauge({
    name: 'miot_auth_rsa_library_in_use',
    combine: 'min',
    help: '1 while RS256 is signed eight at a time, 0 when the library cannot be used. Absent without one.',
    read: () => Number(signer?.inUse ?? false),
  })
  metrics.total({
    name: 'miot_auth_rsa_library_signatures_total',
    help: 'RS256 signatures made eight at a time; the others are made alone.',
    read: () => signer?.signed ?? 0,
  })
}
