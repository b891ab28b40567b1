/** What ModularIoT Auth counts. The labels are ours: algorithms, kinds of refusals, hit or miss. */

import {
  ALL_REFUSAL_LABELS,
  type Refusal,
  refusalLabel,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '@modulariot/oauth/protocol'
import { countEach, type Metrics } from '@modulariot/platform/metrics'
import type { KeyAge } from '../keys/key-life.ts'
import type { Availability } from '../store/ports/availability.ts'
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

export function watchStore(metrics: Metrics, store: Pick<Availability, 'isWritable'>): void {
  metrics.gauge({
    name: 'miot_auth_store_writable',
    combine: 'min',
    help: '1 while the store of ModularIoT Auth accepts writes, 0 while it refuses them.',
    read: () => Number(store.isWritable()),
  })
}

/** Refusals that no entry of the list of refused requests has. */
export function publishDroppedRefusals(metrics: Metrics, dropped: () => number): void {
  metrics.total({
    name: 'miot_auth_refusals_dropped_total',
    help: 'Refusals left out of the list of refused requests: too many clients at once, or the store did not accept them.',
    read: dropped,
  })
}

/** The age of the keys in memory. */
export function publishKeyAges(metrics: Metrics, ages: () => readonly KeyAge[]): void {
  metrics.gauges({
    name: 'miot_auth_key_age_seconds',
    combine: 'max',
    help: 'Time since the signing key of this algorithm began to sign.',
    labels: ['alg'],
    read: () => ages().map(({ alg, ageSeconds }) => ({ labels: { alg }, value: ageSeconds })),
  })
  metrics.gauges({
    name: 'miot_auth_key_rotation_timestamp_seconds',
    combine: 'min',
    help: 'When the next signing key of this algorithm takes over, Unix time. Absent without automatic rotation.',
    labels: ['alg'],
    read: () =>
      ages().flatMap(({ alg, rotatesAt }) =>
        rotatesAt === null ? [] : { labels: { alg }, value: rotatesAt },
      ),
  })
}

/** @param silentForMs milliseconds for which a revocation may have been missed. */
export function publishRevocationLag(metrics: Metrics, silentForMs: () => number): void {
  metrics.gauge({
    name: 'miot_auth_revocation_lag_seconds',
    combine: 'max',
    help: 'Time for which revocations may have been missed, since the store does not answer; 0 while it does.',
    read: () => silentForMs() / 1000,
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
