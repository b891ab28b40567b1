/**
 * The body of `POST /v1/asset/track`: one schema defines the static type, the validation and the
 * OpenAPI description.
 *
 * Rules that need the clock or the metric registry are in `timestamp.ts` and `metric-rules.ts`. No
 * object is closed: unknown fields are stored as sent.
 *
 * The schema has five custom keywords. `schema-faults.ts` builds its messages from `x-unit`,
 * `x-expected` (a wording that replaces the generated one), `x-fault-code` and `x-no-value` (an
 * invalid number that devices send when they have no position). `x-checked-by` names
 * the function that checks the value; the schema then only describes it.
 */

import { type Static, type TSchema, type TSchemaOptions, Type } from '@modulariot/platform/schema'
import type { CanonicalMetricKey } from './metric-registry.ts'
import { TIMESTAMP_PATTERN } from './timestamp.ts'

/** The only supported version of the metrics envelope. */
export const METRICS_SCHEMA = 'miot.metrics@1.0'

export const MAX_METRIC_ITEMS = 200
/** Our own limit, equal to that of the items: it keeps the write of one request small. */
export const MAX_EVENTS = 200
export const MAX_METRIC_KEY_LENGTH = 255
/** Maximum characters of an `asset_id`, a `type`, an `event_type` or a unit. */
export const MAX_NAME_LENGTH = 255

/** Two to six lower-case words joined by dots, or the alias `lambda`, the only single word. */
export const METRIC_KEY_PATTERN = '^([a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){1,5}|lambda)$'

export const METRIC_SOURCES = ['obd2', 'j1939', 'can', 'oem', 'derived', 'unknown'] as const
export const METRIC_QUALITIES = ['ok', 'estimated', 'stale', 'invalid', 'missing'] as const
export const EVENT_SEVERITIES = ['low', 'medium', 'high'] as const

const NOT_BLANK = '\\S'

function measure(description: string, unit: string, minimum?: number, maximum?: number) {
  return Type.Number({
    description,
    'x-unit': unit,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  })
}

/** AIS sends the degree beyond the last when it has no position. */
function coordinate(description: string, limit: number) {
  return Type.Number({
    ...{ description, 'x-unit': 'degrees', minimum: -limit, maximum: limit },
    'x-no-value': limit + 1,
  })
}

/** An object with any content. */
function openObject(description: string, options: TSchemaOptions = {}) {
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    description,
    ...options,
  } as TSchema)
}

/** An object that usually carries custom fields: its static type allows them too. */
function extended<Schema extends TSchema>(schema: Schema) {
  return Type.Unsafe<Static<Schema> & Record<string, unknown>>(schema)
}

/** An editor completes the canonical keys; any other text remains possible. */
function metricKey(options: TSchemaOptions) {
  return Type.Unsafe<CanonicalMetricKey | (string & {})>(Type.String(options))
}

function name(description: string) {
  return Type.String({
    description,
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    pattern: NOT_BLANK,
    'x-expected': `a string of 1 to ${MAX_NAME_LENGTH} characters that is not blank`,
  })
}

function timestamp(description: string) {
  return Type.String({
    description: `${description} ISO 8601 with zone (Z or ±hh:mm, upper case), of the years 0 to 9999, at most one hour in the future. Seconds may be left out; no leap second.`,
    format: 'date-time',
    pattern: TIMESTAMP_PATTERN,
    examples: ['2025-03-14T15:09:26Z'],
    'x-expected': 'a string, an ISO 8601 timestamp with zone such as 2025-03-14T15:09:26Z',
    'x-fault-code': 'INVALID_TIMESTAMP',
    'x-checked-by': 'parseTimestamp',
  })
}

const Gps = Type.Object(
  {
    latitude: coordinate('WGS 84 latitude, degrees.', 90),
    longitude: coordinate('WGS 84 longitude, degrees.', 180),
    altitude: Type.Optional(measure('Above mean sea level, metres.', 'm')),
    speed: Type.Optional(measure('Ground speed, km/h.', 'km/h', 0)),
    heading: Type.Optional(measure('Direction from north, degrees.', 'degrees', 0, 360)),
    accuracy: Type.Optional(
      Type.Union(
        [
          measure('Radius, metres.', 'm', 0),
          Type.Object({
            horizontal: Type.Optional(measure('Horizontal accuracy, metres.', 'm', 0)),
            vertical: Type.Optional(measure('Vertical accuracy, metres.', 'm', 0)),
          }),
        ],
        { description: 'Accuracy of the fix, metres.' },
      ),
    ),
    satellites: Type.Optional(
      Type.Integer({ description: 'Satellites used for the fix.', minimum: 0 }),
    ),
  },
  { description: 'Position of the asset.' },
)

const ACCELERATION_G = [-3, 3] as const
const ROTATION_RAD_S = [-10, 10] as const

const Sensors = extended(
  Type.Object(
    {
      acceleration: Type.Optional(
        Type.Object({
          x_axis: Type.Optional(measure('X axis, g.', 'g', ...ACCELERATION_G)),
          y_axis: Type.Optional(measure('Y axis, g.', 'g', ...ACCELERATION_G)),
          z_axis: Type.Optional(measure('Z axis, g.', 'g', ...ACCELERATION_G)),
          g_force: Type.Optional(measure('Magnitude, g.', 'g', 0, 5)),
        }),
      ),
      gyroscope: Type.Optional(
        Type.Object({
          rotation_rate_x: Type.Optional(
            measure('About the X axis, rad/s.', 'rad/s', ...ROTATION_RAD_S),
          ),
          rotation_rate_y: Type.Optional(
            measure('About the Y axis, rad/s.', 'rad/s', ...ROTATION_RAD_S),
          ),
          rotation_rate_z: Type.Optional(
            measure('About the Z axis, rad/s.', 'rad/s', ...ROTATION_RAD_S),
          ),
        }),
      ),
      odometer: Type.Optional(
        Type.Union(
          [
            measure('Total distance, km.', 'km', 0),
            Type.Object({
              total_distance: Type.Optional(measure('Total distance, km.', 'km', 0)),
              trip_distance: Type.Optional(measure('Distance of this trip, km.', 'km', 0)),
            }),
          ],
          { description: 'Distance travelled, km.' },
        ),
      ),
      engine_status: Type.Optional(
        Type.Union([Type.Literal(0), Type.Literal(1), Type.Boolean()], {
          description: 'Engine on (1, true) or off (0, false).',
          'x-expected': '0, 1, true or false',
        }),
      ),
    },
    { description: 'Measurements of the tracker itself, without the vehicle bus.' },
  ),
)

const MetricItem = Type.Object(
  {
    k: metricKey({
      description: 'Canonical key, or an extension key that starts with `x.`.',
      maxLength: MAX_METRIC_KEY_LENGTH,
      pattern: METRIC_KEY_PATTERN,
      examples: ['engine.rpm', 'x.vendor.din1'],
      'x-fault-code': 'UNKNOWN_KEY',
      'x-checked-by': 'checkMetric',
    }),
    v: Type.Unknown({
      description:
        'Value, with the type and range of its key. Numbers are doubles (IEEE 754), strings have up to 1000 characters, arrays and objects up to 1024 values. `null` only with `q` "missing" or "invalid".',
    }),
    u: Type.Optional(
      Type.String({
        description: 'Canonical unit of the key; optional.',
        maxLength: MAX_NAME_LENGTH,
        examples: ['rpm', 'km/h', '%', 'C'],
        'x-fault-code': 'UNIT_MISMATCH',
      }),
    ),
    ts: Type.Optional(
      timestamp('When this value was measured; by default the timestamp of the report.'),
    ),
    src: Type.Optional(
      Type.Enum(METRIC_SOURCES, {
        type: 'string',
        description: 'Source of the value.',
        'x-fault-code': 'TYPE_MISMATCH',
      }),
    ),
    q: Type.Optional(
      Type.Enum(METRIC_QUALITIES, {
        type: 'string',
        description: 'Quality of the value.',
        'x-fault-code': 'TYPE_MISMATCH',
      }),
    ),
    meta: Type.Optional(
      openObject('For traceability: PID, SPN, CAN id.', { 'x-fault-code': 'TYPE_MISMATCH' }),
    ),
  },
  { 'x-fault-code': 'TYPE_MISMATCH' },
)

const Metrics = Type.Object(
  {
    schema: Type.Literal(METRICS_SCHEMA, { description: 'Version of the envelope.' }),
    items: Type.Array(MetricItem, {
      minItems: 1,
      maxItems: MAX_METRIC_ITEMS,
      description: 'Measurements; include only what the device supports.',
    }),
    seq: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Sequence number of the device, for ordering.' }),
    ),
    device_ts: Type.Optional(
      timestamp('Time at which the device sent the envelope, by its own clock.'),
    ),
    capabilities: Type.Optional(
      Type.Union([Type.Array(Type.String()), openObject('Any content.')], {
        description: 'What the device can measure: keys, or a custom object.',
      }),
    ),
  },
  { description: 'Measurements under canonical keys.' },
)

const Event = Type.Object({
  event_type: name('What happened, e.g. harsh_braking. Unknown types are stored.'),
  timestamp: timestamp('When it happened.'),
  severity: Type.Optional(
    Type.Enum(EVENT_SEVERITIES, { type: 'string', description: 'Severity of the event.' }),
  ),
  description: Type.Optional(Type.String({ description: 'Human-readable text.' })),
  threshold_exceeded: Type.Optional(
    Type.Unknown({
      description: 'The threshold exceeded: a flag, a number, a string or an object.',
    }),
  ),
  additional_info: Type.Optional(
    extended(
      Type.Object({
        g_force: Type.Optional(measure('Magnitude, g.', 'g', 0, 5)),
        speed_at_event: Type.Optional(measure('Speed, km/h.', 'km/h', 0, 250)),
        cargo_weight: Type.Optional(measure('Cargo, kg.', 'kg', 0, 20_000)),
      }),
    ),
  ),
})

export const AssetTrackingData = Type.Object(
  {
    asset_id: name(
      'Your identifier for the asset, e.g. a plate or a fleet number; not `.` or `..`.',
    ),
    timestamp: timestamp('When the data was measured.'),
    type: Type.Optional(
      Type.String({
        description: 'Kind of asset.',
        maxLength: MAX_NAME_LENGTH,
        examples: ['Truck', 'Container'],
      }),
    ),
    owner: Type.Optional(
      Type.Union([Type.String(), openObject('Any content.')], { description: 'Owner.' }),
    ),
    year: Type.Optional(
      Type.Integer({ minimum: 1886, maximum: 2100, description: 'Year of manufacture.' }),
    ),
    gps: Type.Optional(Gps),
    telecom: Type.Optional(openObject('Connectivity: operator, signal, SIM.')),
    sensors: Type.Optional(Sensors),
    driver_info: Type.Optional(openObject('Driver.')),
    co_driver_info: Type.Optional(openObject('Co-driver.')),
    peripherals: Type.Optional(
      Type.Union([openObject('Any content.'), Type.Array(Type.Unknown())], {
        description: 'Connected devices: cameras, readers, tags.',
      }),
    ),
    metrics: Type.Optional(Metrics),
    events: Type.Optional(
      Type.Array(Event, { maxItems: MAX_EVENTS, description: 'Discrete events.' }),
    ),
  },
  {
    title: 'AssetTrackingData',
    description: 'What one asset measured at one point in time.',
    'x-expected': 'a JSON object',
  },
)

export type AssetTrackingData = Static<typeof AssetTrackingData>
export type MetricItem = Static<typeof MetricItem>
export type AssetEvent = Static<typeof Event>
