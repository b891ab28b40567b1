/**
 * A truck that drives in a city: streets at right angles, corners, red lights, an engine that warms
 * up and a tank that empties. Deterministic: the same seed and steps give the same drive.
 */

import type { AssetTrackingData } from '@modulariot/telemetry'

export interface Vehicle {
  readonly asset_id: string
  readonly random: () => number
  latitude: number
  longitude: number
  /** Degrees from north. */
  heading: number
  /** km/h */
  speed: number
  cruise: number
  /** Metres to the next corner. */
  remaining: number
  /** Seconds left to stand still. */
  waits: number
  fuelPercent: number
  coolant: number
  odometerKm: number
  seq: number
  brakedHard: boolean
}

/** Santiago de Chile, as in the documentation. */
export const CENTRE = { latitude: -33.4489, longitude: -70.6693 } as const

/** Beyond this a vehicle turns back. */
export const RADIUS_KM = 12

const KM_PER_DEGREE = 111.32
const KM_PER_DEGREE_EAST = KM_PER_DEGREE * Math.cos((CENTRE.latitude * Math.PI) / 180)

export function createVehicle(index: number): Vehicle {
  const random = seeded(index + 1)
  const vehicle: Vehicle = {
    asset_id: `SIM-${String(index + 1).padStart(4, '0')}`,
    random,
    latitude: CENTRE.latitude + ((random() - 0.5) * RADIUS_KM) / KM_PER_DEGREE,
    longitude: CENTRE.longitude + ((random() - 0.5) * RADIUS_KM) / KM_PER_DEGREE_EAST,
    heading: Math.floor(random() * 4) * 90,
    speed: 0,
    cruise: 0,
    remaining: 0,
    waits: random() * 5,
    fuelPercent: 40 + random() * 60,
    coolant: 20 + random() * 70,
    odometerKm: Math.round(random() * 300_000),
    seq: 0,
    brakedHard: false,
  }
  chooseLeg(vehicle)
  return vehicle
}

/** Moves the vehicle by a time. */
export function drive(vehicle: Vehicle, seconds: number): void {
  vehicle.brakedHard = false
  // Steps of at most 1 s, so that corners are not cut. After a long pause, a minute is enough.
  for (let left = Math.min(seconds, 60); left > 0; left -= 1) second(vehicle, Math.min(left, 1))
}

/** km/h per second. */
const ACCELERATION = 7
const BRAKING = 9
const HARD_BRAKING = 25
const CORNER_SPEED = 18

function second(vehicle: Vehicle, seconds: number): void {
  const standing = Math.min(vehicle.waits, seconds)
  vehicle.waits -= standing
  vehicle.coolant += (92 - vehicle.coolant) * 0.01 * seconds
  vehicle.fuelPercent = Math.max(5, vehicle.fuelPercent - 0.0005 * seconds)
  if (standing === seconds) {
    vehicle.speed = 0
    return
  }
  // v² - u² = 2as, with km/h and metres: where to start braking for the corner.
  const brakingMetres = (vehicle.speed ** 2 - CORNER_SPEED ** 2) / (2 * BRAKING * 3.6)
  const target = vehicle.remaining <= brakingMetres ? CORNER_SPEED : vehicle.cruise
  vehicle.brakedHard ||= vehicle.speed > 50 && vehicle.random() < 0.001
  const change = vehicle.brakedHard
    ? -HARD_BRAKING
    : target > vehicle.speed
      ? ACCELERATION
      : -BRAKING
  const next = vehicle.speed + change * seconds
  vehicle.speed = Math.max(0, change > 0 ? Math.min(target, next) : Math.max(target, next))
  move(vehicle, (vehicle.speed / 3.6) * seconds)
}

function move(vehicle: Vehicle, metres: number): void {
  const angle = (vehicle.heading * Math.PI) / 180
  vehicle.latitude += (Math.cos(angle) * metres) / 1000 / KM_PER_DEGREE
  vehicle.longitude += (Math.sin(angle) * metres) / 1000 / KM_PER_DEGREE_EAST
  vehicle.odometerKm += metres / 1000
  vehicle.remaining -= metres
  if (vehicle.remaining <= 0) turn(vehicle)
}

function turn(vehicle: Vehicle): void {
  const { random } = vehicle
  if (random() < 0.3) vehicle.waits = 5 + random() * 30
  const sides = random() < 0.5 ? [90, 270, 0] : [270, 90, 0]
  const straightOn = random() < 0.3
  const choices = straightOn ? [0, ...sides] : sides
  const inward = choices.find((side) => leadsInward(vehicle, vehicle.heading + side))
  const far = distanceKm(vehicle) > RADIUS_KM
  const side = far ? (inward ?? 180) : (choices[0] as number)
  vehicle.heading = (vehicle.heading + side) % 360
  chooseLeg(vehicle)
}

function leadsInward(vehicle: Vehicle, heading: number): boolean {
  const angle = (heading * Math.PI) / 180
  const north = (CENTRE.latitude - vehicle.latitude) * KM_PER_DEGREE
  const east = (CENTRE.longitude - vehicle.longitude) * KM_PER_DEGREE_EAST
  return north * Math.cos(angle) + east * Math.sin(angle) > 1
}

export function distanceKm({
  latitude,
  longitude,
}: Pick<Vehicle, 'latitude' | 'longitude'>): number {
  return Math.hypot(
    (latitude - CENTRE.latitude) * KM_PER_DEGREE,
    (longitude - CENTRE.longitude) * KM_PER_DEGREE_EAST,
  )
}

function chooseLeg(vehicle: Vehicle): void {
  const { random } = vehicle
  vehicle.remaining = 120 * (1 + Math.floor(random() * 12))
  vehicle.cruise = 30 + random() * (vehicle.remaining > 700 ? 55 : 25)
}

/** The report of the vehicle's tracker. */
export function reportOf(vehicle: Vehicle, nowMs: number): AssetTrackingData {
  const timestamp = new Date(nowMs).toISOString()
  const { speed } = vehicle
  vehicle.seq += 1
  return {
    asset_id: vehicle.asset_id,
    timestamp,
    type: 'Truck',
    gps: {
      latitude: rounded(vehicle.latitude, 6),
      longitude: rounded(vehicle.longitude, 6),
      altitude: 540,
      speed: rounded(speed, 1),
      heading: vehicle.heading,
      accuracy: rounded(3 + vehicle.random() * 3, 1),
      satellites: 9 + Math.floor(vehicle.random() * 5),
    },
    metrics: {
      schema: 'miot.metrics@1.0',
      seq: vehicle.seq,
      items: [
        { k: 'engine.rpm', v: Math.round(rpmAt(speed)), u: 'rpm', src: 'obd2', q: 'ok' },
        { k: 'vehicle.speed', v: rounded(speed, 1), u: 'km/h', src: 'obd2', q: 'ok' },
        { k: 'fuel.level', v: rounded(vehicle.fuelPercent, 2), u: '%', src: 'obd2', q: 'ok' },
        { k: 'engine.coolant_temp', v: rounded(vehicle.coolant, 1), u: 'C', src: 'obd2', q: 'ok' },
        { k: 'vehicle.odometer', v: rounded(vehicle.odometerKm, 3), u: 'km', src: 'obd2', q: 'ok' },
        { k: 'idle.state', v: speed < 1, src: 'derived', q: 'ok' },
      ],
    },
    ...(vehicle.brakedHard && {
      events: [
        {
          event_type: 'harsh_braking',
          timestamp,
          severity: 'medium',
          additional_info: { g_force: 0.7, speed_at_event: rounded(speed, 1) },
        },
      ],
    }),
  }
}

/** A gear for each 22 km/h. */
function rpmAt(speed: number): number {
  return speed < 1 ? 760 : 1100 + (speed % 22) * 60
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

/** Pseudorandom numbers from 0 to 1 (mulberry32), the same for the same seed. Not for secrets. */
function seeded(seed: number): () => number {
  let state = seed * 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
