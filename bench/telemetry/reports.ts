/** The reports of the fleet, and the requests that contain them. */

import type { AssetTrackingData } from '@modulariot/telemetry'
import { SERIAL } from '../support/load.ts'

/** Kinds of reports. A new one is a new row. */
export const KINDS = {
  /** Its position, and nothing else: 250 bytes. */
  position: (asset: number, step: number) => positionReport(asset, step),
  /** With six values of the vehicle bus, as is common: 800 bytes. */
  vehicle: (asset: number, step: number) => vehicleReport(asset, step),
} as const satisfies Record<string, (asset: number, step: number) => AssetTrackingData>

export type Kind = keyof typeof KINDS

export const ASSETS = 200

/**
 * As devices report: with times of these days. Older ones would go to the partition of the past,
 * which has more indexes.
 */
const START_MS = Date.now() - 2 * 86_400_000

function positionReport(asset: number, step: number): AssetTrackingData {
  return {
    asset_id: `TRUCK-${String(asset).padStart(4, '0')}`,
    timestamp: new Date(START_MS + step * 1000).toISOString(),
    type: 'Truck',
    gps: {
      latitude: -33.4489 + asset / 1000,
      longitude: -70.6693 + step / 100_000,
      altitude: 570,
      speed: 40 + (step % 50),
      heading: (asset * 7 + step) % 360,
      accuracy: 5,
      satellites: 11,
    },
  }
}

function vehicleReport(asset: number, step: number): AssetTrackingData {
  return {
    ...positionReport(asset, step),
    metrics: {
      schema: 'miot.metrics@1.0',
      items: [
        { k: 'engine.rpm', v: 1800 + (step % 900), u: 'rpm', src: 'obd2', q: 'ok' },
        { k: 'vehicle.speed', v: 40 + (step % 50), u: 'km/h', src: 'obd2', q: 'ok' },
        { k: 'engine.load', v: 41.2, u: '%', src: 'obd2', q: 'ok' },
        { k: 'engine.coolant_temp', v: 91, u: 'C', src: 'obd2', q: 'ok' },
        { k: 'fuel.level', v: 65, u: '%', src: 'obd2', q: 'ok' },
        { k: 'battery.voltage', v: 13.9, u: 'V', src: 'obd2', q: 'ok' },
      ],
    },
  }
}

/** Reports of the whole fleet, one asset after another, one second later in each cycle. */
export function reports(kind: Kind, count: number): AssetTrackingData[] {
  return Array.from({ length: count }, (_, index) =>
    KINDS[kind](index % ASSETS, Math.floor(index / ASSETS)),
  )
}

/** The backlog of one asset; each batch is of another asset, and later. */
export function backlog(kind: Kind, turn: number, count: number): AssetTrackingData[] {
  const from = Math.floor(turn / ASSETS) * count
  return Array.from({ length: count }, (_, step) => KINDS[kind](turn % ASSETS, from + step))
}

/** A request as bytes on the wire, with a new `X-Request-Id` each time it is sent. */
export function trackRequest(path: string, token: string, body: unknown): string {
  const text = JSON.stringify(body)
  return [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'User-Agent: bench/1.0',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: bench-${SERIAL}`,
    `X-Request-Timestamp: ${Math.floor(Date.now() / 1000)}`,
    '',
    text,
  ].join('\r\n')
}
