/**
 * One report, from its text to what the store keeps of it. Pure: it runs on the main thread, and
 * for a large report on another, so all that goes in and comes out can be copied between threads.
 */

import { hash } from 'node:crypto'
import { isRequestId } from '@modulariot/platform/http'
import {
  JsonBodyError,
  parseUniqueJson,
  trimJson,
  type ValueBudget,
} from '@modulariot/platform/json'
import { type ParsedReport, parseAssetTrackingData } from '@modulariot/telemetry'
import type { Observation } from '../store/store.ts'
import { splitReport } from './split-report.ts'

/** Whose report it is, which, and when it came. */
export type Origin = Pick<
  Observation,
  'org_id' | 'environment' | 'client_id' | 'request_id' | 'item' | 'received_ms'
>

export interface ReadOptions {
  /** What becomes of a report with a metric key nobody knows: refused, or kept with a warning. */
  readonly unknownKeys: 'strict' | 'lenient'
  /** How many faults are shown; as many as there may be unless given. */
  readonly maxFaults?: number
  /** A member `idempotency_key` counts as the request id that the report would have had alone. */
  readonly ownKey?: boolean
}

export type ReadReport<Kept = Observation> =
  | {
      readonly kind: 'good'
      readonly observation: Kept
      /** By path, as the faults are; empty unless unknown keys are let in. */
      readonly warnings: Readonly<Record<string, string>>
    }
  | { readonly kind: 'faulty'; readonly errors: Readonly<Record<string, string>> }
  /** The text is not JSON, or holds more than may be built from it. */
  | { readonly kind: 'unreadable'; readonly message: string }

/** @param budget of values, where the report is one of many. */
export function readReport(
  text: string,
  origin: Origin,
  options: ReadOptions,
  budget?: ValueBudget,
): ReadReport {
  const body = parse(text, budget)
  if (body instanceof JsonBodyError) return { kind: 'unreadable', message: body.message }
  const { unknownKeys, maxFaults, ownKey } = options
  const validation = parseAssetTrackingData(body, {
    nowMs: origin.received_ms,
    unknownKeys,
    ...(maxFaults !== undefined && { maxFaults }),
  })
  const { key, fault } = ownKey ? keyOf(body) : {}
  if (!validation.ok || fault !== undefined) {
    const errors = {
      ...(!validation.ok && validation.errors),
      ...(fault !== undefined && { idempotency_key: fault }),
    }
    return { kind: 'faulty', errors }
  }
  const { report, warnings } = validation
  const named = key === undefined ? origin : { ...origin, request_id: key, item: 0 }
  return { kind: 'good', observation: observationOf(report, named, text), warnings }
}

function parse(text: string, budget: ValueBudget | undefined): unknown {
  try {
    return parseUniqueJson(text, budget)
  } catch (error) {
    if (error instanceof JsonBodyError) return error
    throw error
  }
}

function keyOf(body: unknown): { key?: string; fault?: string } {
  if (typeof body !== 'object' || body === null || !('idempotency_key' in body)) return {}
  const { idempotency_key } = body
  return isRequestId(idempotency_key)
    ? { key: idempotency_key }
    : { fault: 'must be a string of 1 to 128 visible ASCII characters, or left out' }
}

/**
 * White space around a report is not part of it: sent alone, a line ends with a newline; in a batch
 * it does not.
 *
 * @param sent is what the report was parsed from.
 */
export function observationOf(report: ParsedReport, origin: Origin, sent: string): Observation {
  const text = trimJson(sent)
  const { data, timestamp_ms } = report
  return {
    org_id: origin.org_id,
    environment: origin.environment,
    client_id: origin.client_id,
    request_id: origin.request_id,
    item: origin.item,
    received_ms: origin.received_ms,
    body_digest: hash('sha256', text, 'buffer'),
    asset_id: data.asset_id,
    type: data.type ?? null,
    timestamp_ms,
    payload: text,
    ...splitReport(report, text),
  }
}
