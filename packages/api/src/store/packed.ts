/**
 * Encodes observations for another thread or process.
 *
 * Messages between threads are cloned, including the member names of every object: a report with
 * six values costs both threads 11 µs as objects and 4 µs as an array. Observations of a large body
 * are parsed on one thread and written on another. Sealed as bytes, they pass through the main
 * thread without being decoded.
 */

import { deserialize, serialize } from 'node:v8'
import type {
  Fix,
  Measurement,
  Observation,
  Occurrence,
  SealedObservations,
  SealedPieces,
  Tenant,
} from './store.ts'

/**
 * The members of an observation in order, followed by the members of each measurement and event.
 */
export type Packed = readonly unknown[]

export function pack(one: Observation): Packed {
  const packed: unknown[] = [
    one.org_id,
    one.environment,
    one.client_id,
    one.request_id,
    one.item,
    one.body_digest.toString('latin1'),
    one.asset_id,
    one.type,
    one.timestamp_ms,
    one.received_ms,
    one.payload,
    one.position && packFix(one.position),
    one.metrics.length,
  ]
  for (const { key, timestamp_ms, sequence, value, unit, source, quality } of one.metrics) {
    packed.push(key, timestamp_ms, sequence, value, unit, source, quality)
  }
  for (const { event_type, timestamp_ms, severity, payload } of one.events) {
    packed.push(event_type, timestamp_ms, severity, payload)
  }
  return packed
}

function packFix(fix: Fix): unknown[] {
  const { latitude, longitude, altitude, speed, heading, accuracy, satellites } = fix
  return [latitude, longitude, altitude, speed, heading, accuracy, satellites]
}

const PAYLOAD_AT = 10
const HEAD_LENGTH = 13
const MEASUREMENT_LENGTH = 7
const OCCURRENCE_LENGTH = 4

export function unpack(packed: Packed): Observation {
  const [org_id, environment, client_id, request_id, item, body_digest, ...rest] = packed
  const [asset_id, type, timestamp_ms, received_ms, payload, fix, measurements] = rest
  const eventsAt = HEAD_LENGTH + (measurements as number) * MEASUREMENT_LENGTH
  const metrics: Measurement[] = []
  for (let at = HEAD_LENGTH; at < eventsAt; at += MEASUREMENT_LENGTH) {
    metrics.push(unpackMeasurement(packed, at))
  }
  const events: Occurrence[] = []
  for (let at = eventsAt; at < packed.length; at += OCCURRENCE_LENGTH) {
    events.push(unpackOccurrence(packed, at))
  }
  const digest = Buffer.from(body_digest as string, 'latin1')
  const request = { org_id, environment, client_id, request_id, item, body_digest: digest }
  const report = { asset_id, type, timestamp_ms, received_ms, payload }
  const position = fix === null ? null : unpackFix(fix as unknown[])
  return { ...request, ...report, position, metrics, events } as Observation
}

function unpackFix(fix: readonly unknown[]): Fix {
  const [latitude, longitude, altitude, speed, heading, accuracy, satellites] = fix
  return { latitude, longitude, altitude, speed, heading, accuracy, satellites } as Fix
}

function unpackMeasurement(packed: Packed, at: number): Measurement {
  return {
    key: packed[at],
    timestamp_ms: packed[at + 1],
    sequence: packed[at + 2],
    value: packed[at + 3],
    unit: packed[at + 4],
    source: packed[at + 5],
    quality: packed[at + 6],
  } as Measurement
}

function unpackOccurrence(packed: Packed, at: number): Occurrence {
  return {
    event_type: packed[at],
    timestamp_ms: packed[at + 1],
    severity: packed[at + 2],
    payload: packed[at + 3],
  } as Occurrence
}

/** Limits of a piece, which is unpacked in one go. */
const OBSERVATIONS_A_PIECE = 50
const CHARACTERS_A_PIECE = 64 * 1024

/** Collects observations, in order, and seals them. */
export class Sealer {
  #packed: Packed[] = []
  #characters = 0
  #count = 0
  #payload = 0
  readonly #pieces: Uint8Array<ArrayBuffer>[] = []

  add(one: Observation): void {
    this.#packed.push(pack(one))
    this.#characters += one.payload.length
    this.#count++
    this.#payload += one.payload.length
    const isFull =
      this.#packed.length >= OBSERVATIONS_A_PIECE || this.#characters >= CHARACTERS_A_PIECE
    if (isFull) this.#endPiece()
  }

  addSealed({ count, payload, pieces }: SealedPieces): void {
    this.#endPiece()
    this.#count += count
    this.#payload += payload
    this.#pieces.push(...pieces)
  }

  /** @param tenant the owner of all of them. */
  seal({ org_id, environment }: Tenant): SealedObservations {
    return { org_id, environment, ...this.pieces() }
  }

  pieces(): SealedPieces {
    this.#endPiece()
    return { count: this.#count, payload: this.#payload, pieces: this.#pieces }
  }

  #endPiece(): void {
    if (this.#packed.length === 0) return
    // Copied to a buffer of its own, so that it can be transferred. Not a SharedArrayBuffer: V8
    // does not count its memory, so the collector frees it much too late.
    this.#pieces.push(new Uint8Array(serialize(this.#packed)))
    this.#packed = []
    this.#characters = 0
  }
}

export function isSealed<One extends object>(one: One): one is Extract<One, SealedPieces> {
  return 'pieces' in one
}

/** The number of observations, and the sum of their payload lengths in characters. */
export function extentOf(one: Packed | SealedPieces): { count: number; payload: number } {
  return isSealed(one) ? one : { count: 1, payload: (one[PAYLOAD_AT] as string).length }
}

/** The observations that `one` encodes. */
export function observationsOf(one: Packed | SealedPieces): Observation[] {
  return isSealed(one) ? one.pieces.flatMap(unseal) : [unpack(one)]
}

/**
 * Frees the memory at once instead of leaving it to the garbage collector, which would run more
 * often and block the main thread. The observations are empty afterwards.
 */
export function discard({ pieces }: SealedPieces): void {
  for (const { buffer } of pieces) {
    if (!buffer.detached) buffer.transfer(0)
  }
}

/** @param piece a piece of `SealedPieces`. */
export function unseal(piece: Uint8Array): Observation[] {
  return (deserialize(piece) as Packed[]).map(unpack)
}
