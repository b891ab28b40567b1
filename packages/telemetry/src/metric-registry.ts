/**
 * The canonical metrics of `miot.metrics@1.0`, with their types, units, ranges and sources. The
 * rules that use them are in `metric-rules.ts`. A new metric is a new row.
 */

export type MetricGroup =
  | 'powertrain'
  | 'fuel'
  | 'motion'
  | 'diagnostics'
  | 'emissions'
  | 'electrical'
  | 'identity'

export type MetricType = 'number' | 'boolean' | 'string' | 'array' | 'object'

/** Canonical spelling of a unit on the wire. */
export type MetricUnit =
  | 'rpm'
  | 'km/h'
  | '%'
  | 'C'
  | 's'
  | 'h'
  | 'L'
  | 'L/h'
  | 'V'
  | 'A'
  | 'km'
  | 'ratio'
  | 'count'

export interface MetricDefinition {
  readonly key: string
  /** A second spelling, accepted and stored as sent. */
  readonly alias?: string
  readonly group: MetricGroup
  readonly type: MetricType
  /** Numbers only. */
  readonly unit?: MetricUnit
  /** Inclusive. Absent: unbounded. */
  readonly min?: number
  /** Inclusive. Absent: unbounded. */
  readonly max?: number
  /** Exact number of characters of a string. */
  readonly length?: number
  /** What each element of an array must match. */
  readonly elementPattern?: RegExp
  /** PID of OBD-II service 01, unless it names another service. */
  readonly obd2?: string
  /** J1939 suspect parameter number, or the message that carries it. */
  readonly j1939?: number | string
}

// biome-ignore format: one row per line keeps the columns aligned
const ROWS = [
  { key: 'engine.rpm', group: 'powertrain', type: 'number', unit: 'rpm', min: 0, max: 8000, obd2: '0C', j1939: 190 },
  { key: 'vehicle.speed', group: 'powertrain', type: 'number', unit: 'km/h', min: 0, max: 300, obd2: '0D', j1939: 84 },
  { key: 'engine.load', group: 'powertrain', type: 'number', unit: '%', min: 0, max: 100, obd2: '04', j1939: 92 },
  { key: 'throttle.position', group: 'powertrain', type: 'number', unit: '%', min: 0, max: 100, obd2: '11', j1939: 51 },
  { key: 'engine.coolant_temp', group: 'powertrain', type: 'number', unit: 'C', min: -40, max: 150, obd2: '05', j1939: 110 },
  { key: 'engine.intake_air_temp', group: 'powertrain', type: 'number', unit: 'C', min: -40, max: 80, obd2: '0F', j1939: 105 },
  { key: 'engine.runtime', group: 'powertrain', type: 'number', unit: 's', min: 0, obd2: '1F' },
  { key: 'engine.total_runtime', group: 'powertrain', type: 'number', unit: 'h', min: 0, j1939: 247 },

  { key: 'fuel.level', group: 'fuel', type: 'number', unit: '%', min: 0, max: 100, obd2: '2F', j1939: 96 },
  { key: 'fuel.volume', group: 'fuel', type: 'number', unit: 'L', min: 0, max: 1000 },
  { key: 'fuel.rate', group: 'fuel', type: 'number', unit: 'L/h', min: 0, max: 100, obd2: '5E', j1939: 183 },
  { key: 'fuel.used', group: 'fuel', type: 'number', unit: 'L', min: 0, j1939: 250 },
  { key: 'battery.voltage', group: 'fuel', type: 'number', unit: 'V', min: 0, max: 30, obd2: '42', j1939: 168 },
  { key: 'engine.torque_pct', group: 'fuel', type: 'number', unit: '%', min: 0, max: 100, obd2: '62', j1939: 513 },

  { key: 'vehicle.odometer', group: 'motion', type: 'number', unit: 'km', min: 0, obd2: 'A6', j1939: 245 },
  // Derived: engine.rpm above 0 and vehicle.speed near 0.
  { key: 'idle.state', group: 'motion', type: 'boolean' },
  { key: 'accelerator.position', group: 'motion', type: 'number', unit: '%', min: 0, max: 100, obd2: '49', j1939: 91 },
  { key: 'brake.state', group: 'motion', type: 'boolean', j1939: 597 },

  { key: 'dtc.mil_on', group: 'diagnostics', type: 'boolean', obd2: '01', j1939: 1213 },
  { key: 'dtc.codes', group: 'diagnostics', type: 'array', elementPattern: /^[PCBU][0-9A-F]{4}$/, obd2: 'service 03', j1939: 'DM1' },
  { key: 'dtc.count', group: 'diagnostics', type: 'number', unit: 'count', min: 0, obd2: '01' },
  { key: 'engine.freeze_frame', group: 'diagnostics', type: 'object', obd2: 'service 02' },

  { key: 'fuel.trim.short', group: 'emissions', type: 'number', unit: '%', min: -100, max: 100, obd2: '06, 08' },
  { key: 'fuel.trim.long', group: 'emissions', type: 'number', unit: '%', min: -100, max: 100, obd2: '07, 09' },
  { key: 'emissions.lambda', alias: 'lambda', group: 'emissions', type: 'number', unit: 'ratio', min: 0, max: 2, obd2: '24–2B' },
  { key: 'catalyst.temp', group: 'emissions', type: 'number', unit: 'C', min: 0, max: 1000, obd2: '3C, 3E' },

  { key: 'battery.current', group: 'electrical', type: 'number', unit: 'A', min: -100, max: 100, j1939: 114 },
  { key: 'pto.state', group: 'electrical', type: 'boolean', j1939: 976 },
  { key: 'engine.fan.state', group: 'electrical', type: 'boolean', j1939: 975 },

  { key: 'vehicle.vin', group: 'identity', type: 'string', length: 17, obd2: 'service 09 PID 02' },
  { key: 'vehicle.protocol', group: 'identity', type: 'string' },
  { key: 'vehicle.ecu', group: 'identity', type: 'string', obd2: 'service 09 PID 0A' },
] as const satisfies readonly MetricDefinition[]

/** Lets TypeScript reject a mistyped canonical key in a sender's code. */
export type CanonicalMetricKey = (typeof ROWS)[number]['key']

export const METRIC_REGISTRY: readonly MetricDefinition[] = ROWS

/** Keys with this prefix are custom: any JSON value, without a type or a range. */
const EXTENSION_PREFIX = 'x.'

/** A Map, since a device can send keys such as `constructor` and `__proto__`. */
const BY_KEY: ReadonlyMap<string, MetricDefinition> = new Map(
  METRIC_REGISTRY.flatMap((row) => [
    [row.key, row] as const,
    ...(row.alias === undefined ? [] : [[row.alias, row] as const]),
  ]),
)

const BY_LETTERS: ReadonlyMap<string, MetricDefinition> = new Map(
  METRIC_REGISTRY.map((row) => [letters(row.key), row]),
)

/** The row of a canonical key or alias; `undefined` for other keys, extensions included. */
export function metricDefinition(key: string): MetricDefinition | undefined {
  return BY_KEY.get(key)
}

export function isExtensionKey(key: string): boolean {
  return key.startsWith(EXTENSION_PREFIX)
}

/**
 * The canonical key with the same letters but another case or other separators: `engine.rpm` for
 * `Engine.RPM`, `engineRpm` or `engine_rpm`.
 */
export function similarMetricKey(key: string): string | undefined {
  return BY_LETTERS.get(letters(key))?.key
}

function letters(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
