/** What is counted of an external signer. Without one, nothing of it is exported. */

import { countEach, type Metrics } from '@modulariot/platform/metrics'
import type { SignerFaultKind } from '../errors/signer-fault.ts'
import type { ExternalSigner } from '../keys/external-signer.ts'

const OUTCOMES = [
  'signed',
  'missing',
  'unavailable',
  'busy',
  'timeout',
  'refused',
  'wrong_key',
  'wrong_signature',
] as const satisfies readonly ('signed' | SignerFaultKind)[]

/** Seconds. An HSM on the network takes milliseconds, a KMS tens of them. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2] as const

/** @returns to be called after each signature. */
export function publishSigner(
  metrics: Metrics,
  signer: Pick<ExternalSigner, 'isUp'>,
): (outcome: (typeof OUTCOMES)[number], elapsedMs: number) => void {
  metrics.gauge({
    name: 'miot_auth_signer_up',
    combine: 'min',
    help: '1 while the external signer runs, 0 while it does not. Absent without one.',
    read: () => Number(signer.isUp()),
  })
  const calls = countEach(
    metrics.counter({
      name: 'miot_auth_signer_signatures_total',
      help: 'Signatures requested from the external signer, by outcome.',
      labels: ['outcome'],
    }),
    'outcome',
    OUTCOMES,
  )
  const duration = metrics
    .histogram({
      name: 'miot_auth_signer_duration_seconds',
      help: 'Time until the external signer returned a signature that verifies.',
      labels: [],
      buckets: BUCKETS,
    })
    .of({})
  return (outcome, elapsedMs) => {
    calls(outcome).add()
    if (outcome === 'signed') duration.observe(elapsedMs / 1000)
  }
}
