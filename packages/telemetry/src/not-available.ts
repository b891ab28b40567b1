/**
 * The values that a bus sends when it has none, so that their refusal can say what to send. Only
 * values that are out of bounds anyway come here.
 */

/** Raw values of J1939 that mean "error" and "not available" (SAE J1939-71), by size in bytes. */
const RAW = { 1: [0xfe, 0xff], 2: [0xfe00, 0xffff] } as const

interface Slot {
  readonly bytes: 1 | 2
  /** Units per bit. */
  readonly scale: number
  readonly offset: number
}

/** How J1939 encodes the canonical metrics whose scaled raw values are out of their bounds. */
const SLOTS: Readonly<Record<string, Slot>> = {
  'engine.rpm': { bytes: 2, scale: 0.125, offset: 0 },
  'throttle.position': { bytes: 1, scale: 0.4, offset: 0 },
  'engine.coolant_temp': { bytes: 1, scale: 1, offset: -40 },
  'engine.intake_air_temp': { bytes: 1, scale: 1, offset: -40 },
  'fuel.level': { bytes: 1, scale: 0.4, offset: 0 },
  'fuel.rate': { bytes: 2, scale: 0.05, offset: 0 },
  'battery.voltage': { bytes: 2, scale: 0.05, offset: 0 },
  'engine.torque_pct': { bytes: 1, scale: 1, offset: -125 },
  'accelerator.position': { bytes: 1, scale: 0.4, offset: 0 },
  'battery.current': { bytes: 1, scale: 1, offset: -125 },
}

/** Whether a value that is out of bounds is how J1939 says that there is none, raw or scaled. */
export function isNotAvailable(key: string, value: number): boolean {
  if (isRaw(value, RAW[1]) || isRaw(value, RAW[2])) return true
  const slot = SLOTS[key]
  if (slot === undefined) return false
  // Rounded, since a scale such as 0.4 is not exact.
  const raw = Math.round(((value - slot.offset) / slot.scale) * 1000) / 1000
  return isRaw(raw, RAW[slot.bytes])
}

function isRaw(value: number, [first, last]: readonly [number, number]): boolean {
  return Number.isInteger(value) && value >= first && value <= last
}
