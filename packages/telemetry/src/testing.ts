/** Arbitraries shared by the tests. Not part of the package's entry. */

import fc from 'fast-check'

/** Names a hostile or careless sender would put where they do not belong. */
const SUSPECT_NAMES = ['__proto__', 'constructor', 'toString', 'asset_id', 'v', 'x_own', '']

/** Values beside and beyond every bound; constants, because generating long ones is slow. */
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

/** JSON that looks like a payload somebody spoiled in up to four places. */
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

/** As `JSON.parse` does it: `__proto__` becomes an own field and changes no prototype. */
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
