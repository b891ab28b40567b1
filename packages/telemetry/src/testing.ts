/** Samples and arbitraries shared by the tests. Not exported by the package. */

import fc from 'fast-check'
import { parseAssetTrackingData, type Validation } from './parse-asset-tracking-data.ts'

export const nowMs = Date.parse('2025-06-01T12:00:00Z')
export const BASE = { asset_id: 'TRUCK-001', timestamp: '2025-03-14T15:09:26Z' }
export const GPS = { latitude: -33.4489, longitude: -70.6693 }
export const EVENT = { event_type: 'harsh_braking', timestamp: '2025-03-14T15:09:26Z' }
export const RPM = { k: 'engine.rpm', v: 2150 }

export const validate = (body: unknown) => parseAssetTrackingData(body, { nowMs })
export const metrics = (...items: unknown[]) => ({ schema: 'miot.metrics@1.0', items })

/** The faults of a report with these fields besides the required ones. */
export function errorsOf(fields: object): Record<string, string> {
  return errorsIn(validate({ ...BASE, ...fields }))
}

export function errorsIn(validation: Validation): Record<string, string> {
  return validation.ok ? {} : validation.errors
}

/** Member names that a hostile or careless sender may use. */
const SUSPECT_NAMES = ['__proto__', 'constructor', 'toString', 'asset_id', 'v', 'x_own', '']

/** Values at and beyond every limit; constants, because generating long ones is slow. */
const JUNK = [
  ...[
    null,
    0,
    1,
    -1,
    0.5,
    1e9,
    '',
    ' ',
    'x',
    [],
    {},
    true,
    '2025-02-30T00:00:00Z',
    'lambda',
    'missing',
  ],
  ...[255, 256, 1000, 1001].map((length) => 'a'.repeat(length)),
  ...[200, 201].map((length) => Array(length).fill({ k: 'engine.rpm', v: 1 })),
]

/** Valid payloads with one to four random changes. */
export function mutationOf(bases: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const junk = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...JUNK))
  const edit = fc.record({
    where: fc.nat(),
    what: junk,
    how: fc.constantFrom('set', 'drop', 'add'),
  })
  const names = fc.constantFrom(...SUSPECT_NAMES)
  return fc
    .tuple(bases, fc.array(fc.tuple(edit, names), { minLength: 1, maxLength: 4 }))
    .map(([base, edits]) => {
      const root = { body: structuredClone(base) }
      for (const [{ where, what, how }, name] of edits) spoil(root, where, what, how, name)
      return root.body
    })
}

type Slot = [holder: Record<string, unknown>, name: string]

function spoil(root: object, where: number, what: unknown, how: string, name: string): void {
  const slots = slotsOf(root)
  const [holder, key] = slots[where % slots.length] as Slot
  if (how === 'drop' && holder !== root && !Array.isArray(holder)) delete holder[key]
  else if (how === 'add' && isHolder(holder[key])) define(holder[key], name, what)
  else define(holder, key, what)
}

/** Like `JSON.parse`: `__proto__` becomes an own property, not the prototype. */
function define(holder: object, name: string, value: unknown): void {
  Object.defineProperty(holder, name, {
    value: structuredClone(value),
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

function slotsOf(holder: object): Slot[] {
  return Object.entries(holder).flatMap(([name, value]) => [
    [holder as Record<string, unknown>, name] as Slot,
    ...(isHolder(value) ? slotsOf(value) : []),
  ])
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
