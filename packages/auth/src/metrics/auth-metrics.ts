/** What ModularIoT Auth counts. The labels are ours: algorithms, kinds of refusals, hit or miss. */

import {
  ALL_REFUSAL_LABELS,
  type Refusal,
  refusalLabel,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '@modulariot/oauth/protocol'
import { countEach, type Metrics } from '@modulariot/platform/metrics'
import type { UsageTotals } from '../usage/usage-counter.ts'

export interface AuthMetrics {
  tokenIssued(alg: SigningAlgorithm): void
  refused(reason: Refusal): void
  /** A client was looked up in the directory. */
  lookedUp(outcome: 'hit' | 'miss'): void
}

/** Counts that the usage counter keeps. */
export function publishUsage(metrics: Metrics, totals: () => UsageTotals): void {
  metrics.total({
    name: 'miot_auth_tokens_early_total',
    help: 'Tokens issued while the previous token had more than half of its lifetime left.',
    read: () => totals().tokens_early,
  })
  metrics.total({
    name: 'miot_auth_over_quota_total',
    help: 'Token requests over their client’s quota, refused or observed.',
    read: () => totals().over_quota,
  })
  metrics.total({
    name: 'miot_auth_usage_dropped_total',
    help: 'Usage counts lost because the store did not accept them.',
    read: () => totals().dropped,
  })
}

export function createAuthMetrics(metrics: Metrics): AuthMetrics {
  const issued = countEach(
    metrics.counter({
      name: 'miot_auth_tokens_issued_total',
      help: 'Access tokens issued, by signing algorithm.',
      labels: ['alg'],
    }),
    'alg',
    SIGNING_ALGORITHMS,
  )
  const refusals = countEach(
    metrics.counter({
      name: 'miot_auth_refusals_total',
      help: 'Requests refused by ModularIoT Auth, by actual reason.',
      labels: ['reason'],
    }),
    'reason',
    ALL_REFUSAL_LABELS,
  )
  const lookups = countEach(
    metrics.counter({
      name: 'miot_auth_directory_lookups_total',
      help: 'Client lookups in memory; a miss costs a read of the store.',
      labels: ['outcome'],
    }),
    'outcome',
    ['hit', 'miss'],
  )
  return {
    tokenIssued: (alg) => issued(alg).add(),
    refused: (reason) => refusals(refusalLabel(reason)).add(),
    lookedUp: (outcome) => lookups(outcome).add(),
  }
}
