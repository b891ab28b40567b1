/**
 * What happened lately: refused requests one by one, and counts of tokens and refusals over time.
 *
 * Neither is evidence, as the audit trail is: both are sampled or written in batches, and removed
 * after a while.
 */

import type { Environment } from '@modulariot/oauth/protocol'

export interface RefusalEntry {
  /** In the order of time; made by `refusalId`. */
  readonly id: string
  /** Null, with `environment`: of no known tenant. */
  readonly org_id: string | null
  readonly environment: Environment | null
  readonly client_id: string | null
  /** One of the fixed list of docs/operations.md. */
  readonly kind: string
  /** Method and route. */
  readonly endpoint: string
  /** Of the response. */
  readonly status: number
  /** Other members of the reason, such as the audience; safe to show. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly address: string
  readonly user_agent: string | null
  readonly request_id: string
  /** Refusals like this one that it stands for, itself included. */
  readonly times: number
}

/** @param random any eight characters of `A-Za-z0-9`. */
export function refusalId(atMs: number, random: string): string {
  return `${new Date(atMs).toISOString()}-${random}`
}

/** ISO 8601. */
export function timeOfRefusal({ id }: Pick<RefusalEntry, 'id'>): string {
  return id.slice(0, ISO_LENGTH)
}

const ISO_LENGTH = '2026-01-01T00:00:00.000Z'.length

/** What is counted beside the kinds of refusals, which no kind is named like. */
export const TOKENS = 'token'
export const EARLY_TOKENS = 'token_early'

/** Counts of a tenant are kept by the hour, those of a client by the day (UTC). */
export const HOUR_SECONDS = 3600
export const DAY_SECONDS = 86_400

export interface ActivityCount {
  /** Start of the hour or day, Unix seconds. */
  readonly start: number
  /** `token`, `token_early`, or the kind of a refusal. */
  readonly kind: string
  readonly count: number
}

/** Start of the hour or day that a time is in, Unix seconds. @param time ISO 8601. */
export function startOf(time: string, stepSeconds: number): number {
  const seconds = Math.floor(Date.parse(time) / 1000)
  return seconds - (seconds % stepSeconds)
}
