/**
 * Parses the text of a report into the observation to store. Pure: large reports are parsed on
 * another thread, so all arguments and results can be copied between threads.
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

/** The tenant, client and request of a report, and when it was received. */
export type Origin = Pick<
  Observation,
  'org_id' | 'environment' | 'client_id' | 'request_id' | 'item' | 'received_ms'
>

/** The same before the body is known. A null `request_id` is to be derived from the body. */
export type BareOrigin = Omit<Origin, 'request_id'> & { readonly request_id: string | null }

export interface ReadOptions {
  /**
   * `lenient` stores a report with an unknown metric key, with a warning, and one in the shape of
   * the platform's metrics page; `strict` refuses both.
   */
  readonly validation: 'strict' | 'lenient'
  /** Maximum number of faults shown; default: `MAX_SHOWN_FAULTS`. */
  readonly maxFaults?: number
  /** True in a batch: a member `idempotency_key` replaces the request id. */
  readonly ownKey?: boolean
}

export type ReadReport<Kept = Observation> =
  | {
      readonly kind: 'good'
      readonly observation: Kept
      /** The id it is stored under. */
      readonly request_id: string
      /** By path, like faults; empty unless unknown keys are accepted. */
      readonly warnings: Readonly<Record<string, string>>
    }
  | { readonly kind: 'faulty'; readonly errors: Readonly<Record<string, string>> }
  /** The text is not JSON, or exceeds a limit of the parser. */
  | { readonly kind: 'unreadable'; readonly message: string }

/** @param budget limits the JSON values of a whole batch. */
export function readReport(
  text: string,
  origin: BareOrigin,
  options: ReadOptions,
  budget?: ValueBudget,
): ReadReport {
  const body = parse(text, budget)
  if (body instanceof JsonBodyError) return { kind: 'unreadable', message: body.message }
  const { validation, maxFaults, ownKey } = options
  const parsed = parseAssetTrackingData(body, {
    nowMs: origin.received_ms,
    validation,
    ...(maxFaults !== undefined && { maxFaults }),
  })
  const { key, fault } = ownKey ? keyOf(body) : {}
  if (!parsed.ok || fault !== undefined) {
    const errors = {
      ...(!parsed.ok && parsed.errors),
      ...(fault !== undefined && { idempotency_key: fault }),
    }
    return { kind: 'faulty', errors }
  }
  const { report, warnings } = parsed
  const request_id = key ?? origin.request_id ?? contentId(trimJson(text))
  const item = key === undefined ? origin.item : 0
  const observation = observationOf(report, { ...origin, request_id, item }, text)
  return { kind: 'good', observation, request_id, warnings }
}

/** The request id of a body that was sent without one: the same body has the same. */
export function contentId(body: string | Uint8Array): string {
  return `body-${hash('sha256', body, 'base64url')}`
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
    : { fault: 'must be a string of 1 to 128 visible ASCII characters, or be omitted' }
}

/**
 * White space around a report is not part of it: a line sent alone ends with a newline, and in a
 * batch it does not.
 *
 * @param sent the text from which the report was parsed.
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
