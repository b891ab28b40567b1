/**
 * Reports as the published documents show them, one of each kind, some with an undocumented field.
 * Their timestamps are in the past, which is accepted: devices buffer.
 */

interface Report {
  readonly asset_id: string
  readonly timestamp: string
  readonly [field: string]: unknown
}

export const REPORTS: Readonly<Record<string, Report>> = {
  minimal: {
    asset_id: 'TRUCK-001',
    timestamp: '2025-03-14T15:09:26Z',
  },
  'a position': {
    asset_id: 'TRUCK-002',
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
      fix: '3D',
    },
  },
  'OBD-II metrics': {
    asset_id: 'TRUCK-003',
    timestamp: '2025-03-14T15:09:26.500Z',
    metrics: {
      schema: 'miot.metrics@1.0',
      seq: 12345,
      device_ts: '2025-03-14T15:09:26Z',
      capabilities: ['engine.rpm', 'fuel.level'],
      items: [
        { k: 'engine.rpm', v: 2150, u: 'rpm', src: 'obd2', q: 'ok', meta: { pid: '0C' } },
        { k: 'vehicle.speed', v: 72, u: 'km/h', src: 'j1939', q: 'estimated' },
        { k: 'fuel.level', v: 65, u: '%', src: 'can', q: 'stale' },
        { k: 'engine.coolant_temp', v: 91, u: '°C', src: 'oem' },
        { k: 'battery.voltage', v: 13.9 },
        { k: 'lambda', v: 1.01, src: 'derived' },
        { k: 'emissions.lambda', v: 0.99, u: 'ratio', src: 'unknown' },
        { k: 'vehicle.vin', v: '1M8GDM9AXKP042788' },
        { k: 'x.teltonika.din1', v: { raw: [true, null, 1.5] } },
      ],
    },
  },
  'batched timestamps': {
    asset_id: 'TRUCK-004',
    timestamp: '2025-03-14T15:10:30Z',
    metrics: {
      schema: 'miot.metrics@1.0',
      items: [
        { k: 'engine.rpm', v: 1800, ts: '2025-03-14T15:10:10Z' },
        { k: 'engine.rpm', v: 1950, ts: '2025-03-14T15:10:20Z' },
        { k: 'engine.rpm', v: 2100, ts: '2025-03-14T12:10:30-03:00' },
      ],
    },
  },
  'trouble codes': {
    asset_id: 'TRUCK-005',
    timestamp: '2025-03-14T15:12:00Z',
    metrics: {
      schema: 'miot.metrics@1.0',
      items: [
        { k: 'dtc.mil_on', v: true },
        { k: 'dtc.count', v: 2, u: 'count' },
        { k: 'dtc.codes', v: ['P0217', 'U0100'], meta: { P0217: 'Engine over temperature' } },
        { k: 'engine.freeze_frame', v: { 'engine.rpm': 2400 } },
      ],
    },
  },
  'sensors with an inertial unit': {
    asset_id: 'TRUCK-006',
    timestamp: '2025-03-14T15:15:00Z',
    gps: { latitude: -33.39, longitude: -70.78, accuracy: { horizontal: 4.2, vertical: 7.5 } },
    telecom: { operator: 'Entel', signal_strength: -71 },
    sensors: {
      acceleration: { x_axis: 0.12, y_axis: -0.04, z_axis: 0.98, g_force: 0.99 },
      gyroscope: { rotation_rate_x: 0.01, rotation_rate_y: -0.02, rotation_rate_z: 0.15 },
      odometer: 125432.5,
      engine_status: 1,
      cargo_humidity: 0.41,
    },
    driver_info: { driver_id: 'DRV-17', name: 'María Soto' },
    co_driver_info: { driver_id: 'DRV-21' },
    peripherals: [{ kind: 'dashcam', status: true }],
    weather: { sky: '☀', wind: [3, 'NW'], constructor: 'kept' },
  },
  'events of a provider': {
    asset_id: 'TRUCK-007',
    timestamp: '2025-03-14T15:20:00Z',
    events: [
      {
        event_type: 'harsh_braking',
        timestamp: '2025-03-14T15:19:41Z',
        severity: 'high',
        description: 'Harsh braking on Autopista Central',
        threshold_exceeded: true,
        additional_info: { g_force: 1.8, speed_at_event: 96, cargo_weight: 12500, lane: 2 },
      },
      { event_type: 'type_of_next_year', timestamp: '2025-03-14T12:19:55-03:00' },
    ],
  },
}
