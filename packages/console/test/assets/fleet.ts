/** A fleet in Chile that reports to a real server. */

import assert from 'node:assert/strict'
import type { RunningServer } from '../../../../conformance/support/running-server.ts'

const MINUTE = 60_000
const BATCH = 1000

/** Along the Ruta 5, from north to south. */
const TOWNS = [
  [-18.478, -70.312],
  [-20.214, -70.152],
  [-23.65, -70.397],
  [-27.366, -70.332],
  [-29.953, -71.338],
  [-33.449, -70.669],
  [-34.17, -70.744],
  [-35.427, -71.655],
  [-36.827, -73.05],
  [-38.74, -72.59],
  [-41.469, -72.942],
  [-45.571, -72.068],
] as const

export interface Fleet {
  /** Sends one report now. */
  report(asset_id: string, latitude: number, longitude: number, speed: number): Promise<void>
}

/** Reports of a day by `TRUCK-001`, and of the others once, between a minute and a month ago. */
export async function sendFleet(server: RunningServer, trucks = 60): Promise<Fleet> {
  const token = await logIn(server)
  const send = (reports: readonly object[]) => sendAll(server.url, token, reports)
  const now = Date.now()
  await send(Array.from({ length: trucks }, (_, index) => truck(index + 2, now)))
  await send(dayOf('TRUCK-001', now))
  return {
    report: (asset_id, latitude, longitude, speed) =>
      send([
        {
          asset_id,
          timestamp: new Date().toISOString(),
          gps: { latitude, longitude, speed, heading: 90 },
        },
      ]),
  }
}

function truck(index: number, now: number): object {
  const [latitude, longitude] = TOWNS[index % TOWNS.length] as readonly [number, number]
  const minutes = [1, 2, 3, 4, 20, 45, 300, 900, 4000, 40_000][index % 10] as number
  return {
    asset_id: `TRUCK-${String(index).padStart(3, '0')}`,
    type: index % 3 === 0 ? 'Trailer' : 'Truck',
    timestamp: new Date(now - minutes * MINUTE).toISOString(),
    gps: {
      latitude: latitude + Math.sin(index * 7) * 0.35,
      longitude: longitude + Math.cos(index * 5) * 0.3,
      speed: (index * 13) % 95,
      heading: (index * 47) % 360,
    },
  }
}

/** From Santiago to Concepción, with a pause, a report every two minutes. */
function dayOf(asset_id: string, now: number): readonly object[] {
  const count = 600
  return Array.from({ length: count }, (_, index) => {
    const part = index / (count - 1)
    const pause = index > 250 && index < 300
    const along = pause ? 250 / (count - 1) : part
    const speed = pause
      ? 0
      : Math.max(0, 82 + 16 * Math.sin(index / 9) - (index % 47 === 0 ? 70 : 0))
    return {
      asset_id,
      type: 'Truck',
      timestamp: new Date(now - (count - 1 - index) * 2 * MINUTE).toISOString(),
      gps: {
        latitude: -33.449 - 3.378 * along + 0.05 * Math.sin(along * 25),
        longitude: -70.669 - 2.381 * along ** 1.6 + 0.09 * Math.sin(along * 17),
        altitude: 540 - 500 * along,
        speed: Math.round(speed * 10) / 10,
        heading: 205,
      },
      metrics: {
        schema: 'miot.metrics@1.0',
        items: [
          { k: 'engine.rpm', v: Math.round(700 + speed * 16), u: 'rpm' },
          { k: 'fuel.level', v: Math.round((92 - 55 * part) * 10) / 10, u: '%' },
          { k: 'battery.voltage', v: pause ? 12.4 : 13.9, u: 'V' },
          { k: 'idle.state', v: pause },
        ],
      },
      ...(index % 150 === 149 && {
        events: [
          {
            asset_id,
            event_type: 'harsh_braking',
            timestamp: new Date(now - (count - 1 - index) * 2 * MINUTE).toISOString(),
            severity: index > 400 ? 'high' : 'medium',
          },
        ],
      }),
    }
  })
}

async function logIn({ url, credentials }: RunningServer): Promise<string> {
  const response = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  return access_token
}

let requests = 0

async function sendAll(url: string, token: string, reports: readonly object[]): Promise<void> {
  for (let at = 0; at < reports.length; at += BATCH) {
    const response = await fetch(`${url}/v1/asset/track/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-request-id': `fleet-${Date.now()}-${requests++}`,
        'x-request-timestamp': String(Math.floor(Date.now() / 1000)),
      },
      body: JSON.stringify(reports.slice(at, at + BATCH)),
    })
    const answer = (await response.json()) as { status: string }
    assert.equal(answer.status, 'success', JSON.stringify(answer))
  }
}
