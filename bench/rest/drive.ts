/**
 * Reports of vehicles that drive all day: a position and six values a minute, which vary as those
 * of a vehicle do. Values that never change would take no space in a chunk.
 */

import { randomUUID } from 'node:crypto'
import { type AssetTrackingData, parseAssetTrackingData } from '@modulariot/telemetry'
import { observationOf } from '../../packages/api/src/ingest/read-report.ts'
import type { Observation, Tenant } from '../../packages/api/src/store/store.ts'

export const TENANT: Tenant = { org_id: 'org_0123456789abcdefghijkl', environment: 'production' }

export const KEYS = [
  'engine.rpm',
  'vehicle.speed',
  'engine.load',
  'engine.coolant_temp',
  'fuel.level',
  'battery.voltage',
] as const

export const MINUTE_MS = 60_000

export function assetId(asset: number): string {
  return `TRUCK-${String(asset).padStart(4, '0')}`
}

/** One report, checked and split as the server does it. @param start_ms of the drive. */
export function observationAt(start_ms: number, asset: number, minute: number): Observation {
  const report = reportAt(start_ms, asset, minute)
  const received_ms = Date.parse(report.timestamp) + 700
  const parsed = parseAssetTrackingData(report, { nowMs: received_ms })
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors))
  const origin = {
    ...TENANT,
    client_id: `client_${String(asset).padStart(22, '0')}`,
    request_id: randomUUID(),
    item: 0,
    received_ms,
  }
  return observationOf(parsed.report, origin, JSON.stringify(report))
}

type Draw = (channel: number) => number

function reportAt(start_ms: number, asset: number, minute: number): AssetTrackingData {
  const draw: Draw = (channel) => noise(asset, minute, channel)
  // Each at a second of its own; every tenth report is a second late.
  const second = ((asset * 7) % 50) + (draw(0) < 0.1 ? 1 : 0)
  const speed = Math.round(60 + 25 * Math.sin(minute / 17 + asset) + 10 * draw(1))
  return {
    asset_id: assetId(asset),
    timestamp: new Date(start_ms + minute * MINUTE_MS + second * 1000).toISOString(),
    type: 'Truck',
    gps: positionAt(asset, minute, speed, draw),
    metrics: { schema: 'miot.metrics@1.0', items: valuesAt(minute, speed, draw) },
  }
}

function positionAt(
  asset: number,
  minute: number,
  speed: number,
  draw: Draw,
): NonNullable<AssetTrackingData['gps']> {
  const way = minute / 90 + asset
  return {
    latitude: rounded(-33.4489 + (asset % 1000) / 100 + 0.15 * Math.sin(way) + draw(2) / 1e4, 6),
    longitude: rounded(-70.6693 + 0.2 * Math.cos(way) + draw(3) / 1e4, 6),
    altitude: Math.round(570 + 40 * Math.sin(way * 3) + 4 * draw(4)),
    speed,
    heading: Math.round(360 * (((way / (2 * Math.PI)) % 1) + 0.02 * draw(5))) % 360,
    accuracy: rounded(3 + 3 * draw(6), 1),
    satellites: 9 + Math.floor(6 * draw(7)),
  }
}

type Items = NonNullable<AssetTrackingData['metrics']>['items']

function valuesAt(minute: number, speed: number, draw: Draw): Items {
  const from = { src: 'obd2', q: 'ok' } as const
  return [
    { k: 'engine.rpm', v: Math.round(800 + 22 * speed + 150 * draw(8)), u: 'rpm', ...from },
    { k: 'vehicle.speed', v: speed, u: 'km/h', ...from },
    { k: 'engine.load', v: rounded(speed / 2 + 10 * draw(9), 1), u: '%', ...from },
    { k: 'engine.coolant_temp', v: 88 + Math.floor(5 * draw(10)), u: 'C', ...from },
    { k: 'fuel.level', v: rounded(95 - (minute % 1500) / 20, 1), u: '%', ...from },
    { k: 'battery.voltage', v: rounded(13.6 + 0.6 * draw(11), 1), u: 'V', ...from },
  ]
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

/** From 0 to 1, the same in every run. */
function noise(asset: number, minute: number, channel: number): number {
  let state = Math.imul(asset + 1, 0x9e3779b1) ^ Math.imul(minute + 1, 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 15) ^ Math.imul(channel + 1, 0xc2b2ae35), 0x27d4eb2f)
  state = Math.imul(state ^ (state >>> 13), 0x165667b1)
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32
}
