/**
 * Reports with one fault each, by the path that the response must name, and values at the limits of
 * what is accepted. A new rule is two new rows.
 */

const HOUR_MS = 3_600_000

export const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString()

const acceleration = (more: object) => ({ sensors: { acceleration: more } })
const gyroscope = (more: object) => ({ sensors: { gyroscope: more } })
const sensors = (more: object) => ({ sensors: more })
const metrics = (...items: readonly object[]) => ({
  metrics: { schema: 'miot.metrics@1.0', items },
})
const metric = (k: unknown, v: unknown, more: object = {}) => metrics({ k, v, ...more })
const event = (more: object) => ({
  events: [{ event_type: 'a', timestamp: '2025-03-14T15:19:41Z', ...more }],
})
const rpm = { k: 'engine.rpm', v: 1 }
const times = (count: number) => metrics(...Array.from({ length: count }, () => rpm))

/** Merged into a valid report; `undefined` removes a field. */
type Change = () => Record<string, unknown>

export const FAULTS: readonly (readonly [path: string, what: string, change: Change])[] = [
  ['asset_id', 'no asset_id', () => ({ asset_id: undefined })],
  ['asset_id', 'an empty asset_id', () => ({ asset_id: '' })],
  ['asset_id', 'an asset_id of blanks', () => ({ asset_id: ' \t ' })],
  ['asset_id', 'a number as asset_id', () => ({ asset_id: 7 })],
  ['asset_id', 'null as asset_id', () => ({ asset_id: null })],
  // SQLite and others would store it as another text, and two assets would become one.
  ['asset_id', 'half a surrogate pair in asset_id', () => ({ asset_id: 'TRUCK-\ud83d' })],
  ['asset_id', 'an asset_id of 256 characters', () => ({ asset_id: 'x'.repeat(256) })],
  ['timestamp', 'no timestamp', () => ({ timestamp: undefined })],
  ['timestamp', 'a timestamp without zone', () => ({ timestamp: '2025-03-14T15:09:26' })],
  ['timestamp', 'a date alone', () => ({ timestamp: '2025-03-14' })],
  ['timestamp', 'the 30th of February', () => ({ timestamp: '2025-02-30T15:09:26Z' })],
  ['timestamp', 'one before the year 0', () => ({ timestamp: '0000-01-01T00:00:00+00:01' })],
  ['timestamp', 'a timestamp in words', () => ({ timestamp: 'Fri, 14 Mar 2025 15:09:26 GMT' })],
  ['timestamp', 'Unix seconds as timestamp', () => ({ timestamp: 1741964966 })],
  [
    'timestamp',
    'a timestamp more than an hour ahead',
    () => ({ timestamp: fromNow(HOUR_MS + 60_000) }),
  ],
  ['gps.latitude', 'a latitude over 90', () => ({ gps: { latitude: 90.0001, longitude: 0 } })],
  ['gps.latitude', 'a latitude under -90', () => ({ gps: { latitude: -90.0001, longitude: 0 } })],
  ['gps.latitude', 'a latitude in quotes', () => ({ gps: { latitude: '-33', longitude: 0 } })],
  ['gps.longitude', 'a longitude over 180', () => ({ gps: { latitude: 0, longitude: 180.1 } })],
  ['gps.longitude', 'a longitude under -180', () => ({ gps: { latitude: 0, longitude: -181 } })],
  ['gps.heading', 'a heading over 360', () => gps({ heading: 360.1 })],
  ['gps.heading', 'a heading under 0', () => gps({ heading: -1 })],
  ['gps.accuracy', 'an accuracy in words', () => gps({ accuracy: 'good' })],
  ['gps', 'a list as gps', () => ({ gps: [-33.4, -70.6] })],
  ['sensors.acceleration.x_axis', 'over 3 g', () => acceleration({ x_axis: 3.01 })],
  ['sensors.acceleration.y_axis', 'under -3 g', () => acceleration({ y_axis: -3.01 })],
  ['sensors.acceleration.z_axis', 'an axis in quotes', () => acceleration({ z_axis: '1' })],
  ['sensors.acceleration.g_force', 'a g_force over 5', () => acceleration({ g_force: 5.01 })],
  ['sensors.acceleration.g_force', 'a g_force under 0', () => acceleration({ g_force: -0.1 })],
  [
    'sensors.gyroscope.rotation_rate_x',
    'over 10 rad/s',
    () => gyroscope({ rotation_rate_x: 10.01 }),
  ],
  [
    'sensors.gyroscope.rotation_rate_z',
    'under -10 rad/s',
    () => gyroscope({ rotation_rate_z: -10.01 }),
  ],
  ['sensors.engine_status', 'an engine_status of 2', () => sensors({ engine_status: 2 })],
  ['sensors.engine_status', 'an engine_status in words', () => sensors({ engine_status: 'on' })],
  ['metrics.schema', 'no metrics schema', () => ({ metrics: { items: [rpm] } })],
  [
    'metrics.schema',
    'another metrics schema',
    () => ({ metrics: { schema: 'miot.metrics@2.0', items: [rpm] } }),
  ],
  ['metrics.items', 'no metrics items', () => ({ metrics: { schema: 'miot.metrics@1.0' } })],
  ['metrics.items', 'an empty list of metrics', () => metrics()],
  ['metrics.items', '201 metrics', () => times(201)],
  ['metrics.items[0].k', 'a metric without key', () => metrics({ v: 1 })],
  ['metrics.items[0].v', 'a metric without value', () => metrics({ k: 'engine.rpm' })],
  ['metrics.items[0].k', 'a key of one word', () => metric('rpm', 1)],
  ['metrics.items[0].k', 'a key in upper case', () => metric('Engine.RPM', 1)],
  ['metrics.items[0].k', 'a key of seven words', () => metric('x.a.b.c.d.e.f', 1)],
  ['metrics.items[0].k', 'an unknown key', () => metric('engine.mood', 1)],
  ['metrics.items[1].v', 'a second metric that is wrong', () => metrics(rpm, { ...rpm, v: -1 })],
  ['metrics.items[0].v', '8001 rpm', () => metric('engine.rpm', 8001)],
  ['metrics.items[0].v', 'rpm in quotes', () => metric('engine.rpm', '800')],
  ['metrics.items[0].v', '301 km/h', () => metric('vehicle.speed', 301)],
  ['metrics.items[0].v', 'fuel over 100 %', () => metric('fuel.level', 100.1)],
  ['metrics.items[0].v', 'coolant at 151 °C', () => metric('engine.coolant_temp', 151)],
  ['metrics.items[0].v', '31 V', () => metric('battery.voltage', 31)],
  ['metrics.items[0].v', 'a lambda of 2.1 by its short name', () => metric('lambda', 2.1)],
  ['metrics.items[0].v', '1 as a boolean', () => metric('dtc.mil_on', 1)],
  ['metrics.items[0].v', 'a trouble code that is no list', () => metric('dtc.codes', 'P0217')],
  ['metrics.items[0].v[1]', 'a trouble code of no kind', () => metric('dtc.codes', ['P0217', 'x'])],
  ['metrics.items[0].v', 'a VIN of 16 characters', () => metric('vehicle.vin', '1'.repeat(16))],
  ['metrics.items[0].u', 'a unit of another metric', () => metric('engine.rpm', 1, { u: 'km/h' })],
  ['metrics.items[0].src', 'an unknown source', () => metric('engine.rpm', 1, { src: 'obd3' })],
  ['metrics.items[0].q', 'an unknown quality', () => metric('engine.rpm', 1, { q: 'good' })],
  [
    'metrics.items[0].ts',
    'a metric’s time without zone',
    () => metric('engine.rpm', 1, { ts: '2025-03-14T15:09:26' }),
  ],
  [
    'metrics.items[0].ts',
    'a metric from the future',
    () => metric('engine.rpm', 1, { ts: fromNow(2 * HOUR_MS) }),
  ],
  ['events', 'one event that is no list', () => ({ events: { event_type: 'a' } })],
  ['events[0].event_type', 'an event without type', () => event({ event_type: undefined })],
  ['events[0].timestamp', 'an event without time', () => event({ timestamp: undefined })],
  [
    'events[0].timestamp',
    'an event from the future',
    () => event({ timestamp: fromNow(2 * HOUR_MS) }),
  ],
  ['events[0].severity', 'an unknown severity', () => event({ severity: 'huge' })],
  [
    'events[0].additional_info.g_force',
    'an event of 5.1 g',
    () => event({ additional_info: { g_force: 5.1 } }),
  ],
  [
    'events[0].additional_info.speed_at_event',
    'an event at 251 km/h',
    () => event({ additional_info: { speed_at_event: 251 } }),
  ],
  [
    'events[0].additional_info.cargo_weight',
    'a cargo of 20001 kg',
    () => event({ additional_info: { cargo_weight: 20_001 } }),
  ],
]

function gps(more: object) {
  return { gps: { latitude: 0, longitude: 0, ...more } }
}

export const EDGES: readonly (readonly [what: string, change: Change])[] = [
  ['a timestamp 59 minutes ahead', () => ({ timestamp: fromNow(HOUR_MS - 60_000) })],
  ['a timestamp from 1999', () => ({ timestamp: '1999-12-31T23:59:59.999+12:45' })],
  ['a leap day', () => ({ timestamp: '2024-02-29T00:00:00Z' })],
  ['the poles', () => ({ gps: { latitude: 90, longitude: -180 } })],
  ['the date line', () => ({ gps: { latitude: -90, longitude: 180 } })],
  ['a heading of 0', () => gps({ heading: 0 })],
  ['a heading of 360', () => gps({ heading: 360 })],
  ['3 g both ways', () => acceleration({ x_axis: 3, y_axis: -3, z_axis: 0, g_force: 5 })],
  ['10 rad/s both ways', () => gyroscope({ rotation_rate_x: 10, rotation_rate_y: -10 })],
  ['an engine_status of 0', () => sensors({ engine_status: 0 })],
  ['an engine_status of true', () => sensors({ engine_status: true })],
  ['200 metrics', () => times(200)],
  ['0 and 8000 rpm', () => metrics({ ...rpm, v: 0 }, { ...rpm, v: 8000 })],
  ['coolant at -40', () => metric('engine.coolant_temp', -40, { u: 'C' })],
  ['an empty list of trouble codes', () => metric('dtc.codes', [])],
  ['an extension out of any range', () => metric('x.a', -1e300, { u: 'parsec' })],
  ['a key of six words', () => metric('x.a.b.c.d.e', 'text')],
  ['no events', () => ({ events: [] })],
  ['a cargo of 20000 kg', () => event({ additional_info: { cargo_weight: 20_000 } })],
]
