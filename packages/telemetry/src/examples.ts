/**
 * Example payloads for the tests and the OpenAPI description.
 *
 * Their timestamps are in 2025 and stay valid, since timestamps in the past are accepted.
 */

import type { AssetTrackingData } from './asset-tracking-data.ts'

/** The shape of an OpenAPI Example Object. */
export interface AssetTrackingExample {
  readonly summary: string
  readonly value: AssetTrackingData
}

const minimal: AssetTrackingData = {
  asset_id: 'TRUCK-001',
  timestamp: '2025-03-14T15:09:26Z',
}

const gps: AssetTrackingData = {
  asset_id: 'TRUCK-001',
  timestamp: '2025-03-14T12:09:26-03:00',
  type: 'Truck',
  owner: 'Transportes Andes SpA',
  year: 2020,
  gps: {
    latitude: -33.4489,
    longitude: -70.6693,
    altitude: 570,
    speed: 65.5,
    heading: 180,
    accuracy: 5,
    satellites: 11,
  },
}

const obd2: AssetTrackingData = {
  asset_id: 'TRUCK-001',
  timestamp: '2025-03-14T15:09:26.500Z',
  type: 'Truck',
  gps: { latitude: -33.4372, longitude: -70.6506, altitude: 563, speed: 72, heading: 274 },
  metrics: {
    schema: 'miot.metrics@1.0',
    items: [
      { k: 'engine.rpm', v: 2150, u: 'rpm', src: 'obd2', q: 'ok', meta: { pid: '0C' } },
      { k: 'vehicle.speed', v: 72, u: 'km/h', src: 'obd2', q: 'ok' },
      { k: 'engine.load', v: 41.2, u: '%', src: 'obd2', q: 'ok' },
      { k: 'throttle.position', v: 18.4, u: '%', src: 'obd2', q: 'ok' },
      { k: 'engine.coolant_temp', v: 91, u: 'C', src: 'obd2', q: 'ok' },
      { k: 'fuel.level', v: 65, u: '%', src: 'obd2', q: 'ok' },
      { k: 'battery.voltage', v: 13.9, u: 'V', src: 'obd2', q: 'ok' },
      { k: 'vehicle.odometer', v: 125432.5, u: 'km', src: 'obd2', q: 'ok' },
      { k: 'lambda', v: 1.01, u: 'ratio', src: 'obd2', q: 'estimated' },
      { k: 'idle.state', v: false, src: 'derived', q: 'ok' },
      { k: 'vehicle.vin', v: '1M8GDM9AXKP042788', src: 'obd2', q: 'ok' },
      { k: 'x.teltonika.din1', v: true },
    ],
    seq: 12345,
    device_ts: '2025-03-14T15:09:26Z',
    capabilities: ['engine.rpm', 'vehicle.speed', 'fuel.level'],
  },
}

const batchedTimestamps: AssetTrackingData = {
  asset_id: 'TRUCK-002',
  timestamp: '2025-03-14T15:10:30Z',
  gps: { latitude: -33.4569, longitude: -70.6483, speed: 58 },
  metrics: {
    schema: 'miot.metrics@1.0',
    items: [
      { k: 'engine.rpm', v: 1800, u: 'rpm', ts: '2025-03-14T15:10:10Z', src: 'obd2' },
      { k: 'engine.rpm', v: 1950, u: 'rpm', ts: '2025-03-14T15:10:20Z', src: 'obd2' },
      { k: 'engine.rpm', v: 2100, u: 'rpm', ts: '2025-03-14T15:10:30Z', src: 'obd2' },
      { k: 'vehicle.speed', v: 52, u: 'km/h', ts: '2025-03-14T15:10:10Z', src: 'obd2' },
      { k: 'vehicle.speed', v: null, u: 'km/h', ts: '2025-03-14T15:10:20Z', q: 'missing' },
      { k: 'vehicle.speed', v: 58, u: 'km/h', ts: '2025-03-14T15:10:30Z', src: 'obd2' },
    ],
    seq: 1002,
    device_ts: '2025-03-14T15:10:30Z',
  },
}

const troubleCodes: AssetTrackingData = {
  asset_id: 'TRUCK-003',
  timestamp: '2025-03-14T15:12:00Z',
  gps: { latitude: -33.4189, longitude: -70.6062, speed: 45 },
  metrics: {
    schema: 'miot.metrics@1.0',
    items: [
      { k: 'engine.coolant_temp', v: 105, u: '°C', src: 'obd2', q: 'ok' },
      { k: 'dtc.mil_on', v: true, src: 'obd2', q: 'ok' },
      { k: 'dtc.count', v: 2, u: 'count', src: 'obd2', q: 'ok' },
      {
        k: 'dtc.codes',
        v: ['P0217', 'P0128'],
        src: 'obd2',
        q: 'ok',
        meta: { descriptions: { P0217: 'Engine over temperature', P0128: 'Coolant thermostat' } },
      },
      { k: 'engine.freeze_frame', v: { 'engine.rpm': 2400, 'engine.load': 63 }, src: 'obd2' },
    ],
    seq: 1003,
  },
}

const sensors: AssetTrackingData = {
  asset_id: 'TRUCK-004',
  timestamp: '2025-03-14T15:15:00Z',
  gps: {
    latitude: -33.3928,
    longitude: -70.7856,
    speed: 65.5,
    heading: 180,
    accuracy: { horizontal: 4.2, vertical: 7.5 },
  },
  telecom: { operator: 'Entel', mcc: '730', mnc: '01', signal_strength: -71 },
  sensors: {
    acceleration: { x_axis: 0.12, y_axis: -0.04, z_axis: 0.98, g_force: 0.99 },
    gyroscope: { rotation_rate_x: 0.01, rotation_rate_y: -0.02, rotation_rate_z: 0.15 },
    odometer: 125432.5,
    engine_status: 1,
  },
  driver_info: { driver_id: 'DRV-17', name: 'María Soto', license_number: '12.345.678-5' },
  co_driver_info: { driver_id: 'DRV-21', name: 'Pedro Rojas' },
  peripherals: [{ kind: 'dashcam', status: true }],
}

const providerEvents: AssetTrackingData = {
  asset_id: 'TRUCK-005',
  timestamp: '2025-03-14T15:20:00Z',
  gps: { latitude: -33.5105, longitude: -70.7573, speed: 96, heading: 221 },
  events: [
    {
      event_type: 'harsh_braking',
      timestamp: '2025-03-14T15:19:41Z',
      severity: 'high',
      description: 'Harsh braking on Autopista Central',
      threshold_exceeded: true,
      additional_info: { g_force: 1.8, speed_at_event: 96, cargo_weight: 12500 },
    },
    {
      event_type: 'geofence_exit',
      timestamp: '2025-03-14T12:19:55-03:00',
      severity: 'low',
      additional_info: { geofence: 'Centro de distribución Pudahuel' },
    },
  ],
}

/** All of them are valid. */
export const ASSET_TRACKING_EXAMPLES = {
  minimal: { summary: 'Required fields only', value: minimal },
  gps: { summary: 'Position', value: gps },
  obd2: { summary: 'Metrics from OBD-II', value: obd2 },
  batchedTimestamps: { summary: 'Metrics with timestamps of their own', value: batchedTimestamps },
  troubleCodes: { summary: 'Diagnostic trouble codes', value: troubleCodes },
  sensors: { summary: 'A tracker with sensors, without the vehicle bus', value: sensors },
  providerEvents: { summary: 'Events of a provider', value: providerEvents },
} as const satisfies Record<string, AssetTrackingExample>
