import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { AssetTrackingData } from './asset-tracking-data.ts'
import { ASSET_TRACKING_EXAMPLES } from './examples.ts'
import { createFaults } from './faults.ts'
import { collectSchemaFaults, type SchemaNode } from './schema-faults.ts'
import { mutationOf } from './testing.ts'

const SCHEMA = JSON.parse(JSON.stringify(AssetTrackingData)) as SchemaNode

/** The keywords that the walk supports, and those that only describe. */
const KEYWORDS = new Set([
  ...['type', 'const', 'enum', 'anyOf', 'properties', 'required', 'items', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'minLength', 'maxLength', 'pattern'],
  ...['x-unit', 'x-expected', 'x-fault-code', 'x-checked-by', 'x-no-value'],
  ...['title', 'description', 'examples', 'format'],
])

describe('the schema and its walk', () => {
  it('use the same keywords', () => {
    for (const node of nodesOf(SCHEMA)) {
      for (const keyword of Object.keys(node)) assert.ok(KEYWORDS.has(keyword), keyword)
    }
  })

  it('leave formats to the function that validates them', () => {
    for (const node of nodesOf(SCHEMA)) {
      if ('format' in node)
        assert.equal((node as Record<string, unknown>)['x-checked-by'], 'parseTimestamp')
    }
  })

  it('have only unions whose branches differ in type', () => {
    for (const { anyOf = [] } of nodesOf(SCHEMA)) {
      const types = anyOf.filter((branch) => branch.const === undefined).map(({ type }) => type)
      assert.equal(new Set(types).size, types.length)
      assert.equal(types.includes(undefined), false)
    }
  })

  it('agree with TypeBox, for any JSON and for mutated examples', () => {
    const compiled = Compile(withoutFormat(SCHEMA) as object)
    const examples = Object.values(ASSET_TRACKING_EXAMPLES).map(({ value }) => value)
    const bodies = fc.oneof(fc.jsonValue(), mutationOf(fc.constantFrom(...examples)))
    fc.assert(
      fc.property(bodies, (body) => {
        const faults = createFaults()
        collectSchemaFaults(SCHEMA, body, [], faults)
        assert.equal(faults.isEmpty(), compiled.Check(body), JSON.stringify(faults.toRecord()))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('messages', () => {
  const cases: [SchemaNode, unknown, string | undefined][] = [
    [
      { type: 'number', minimum: -90, maximum: 90, 'x-unit': 'degrees' },
      91,
      'must be between -90 and 90 degrees',
    ],
    [
      { type: 'number', minimum: -90, maximum: 90, 'x-unit': 'degrees' },
      '1',
      'must be a number between -90 and 90 degrees',
    ],
    [{ type: 'number', minimum: 0, 'x-unit': 'm' }, -1, 'must be at least 0 m'],
    [{ type: 'number', minimum: 0, 'x-unit': 'm' }, 'a', 'must be a number of at least 0 m'],
    [{ type: 'number', 'x-unit': 'm' }, true, 'must be a number in m'],
    [{ type: 'number' }, Number.NaN, 'must be a number'],
    [{ type: 'number' }, Number.POSITIVE_INFINITY, 'must be a number'],
    [{ type: 'number', maximum: 1 }, 2, 'must be at most 1'],
    [{ type: 'integer', minimum: 0 }, 1.5, 'must be a whole number of at least 0'],
    [{ type: 'string', maxLength: 2 }, 'abc', 'must be a string of at most 2 characters'],
    [{ type: 'string', maxLength: 2 }, '🚚🚚', undefined],
    [{ type: 'string', maxLength: 2 }, '🚚🚚🚚', 'must be a string of at most 2 characters'],
    [{ type: 'string' }, null, 'must be a string, not null'],
    [{ type: 'array', minItems: 1, maxItems: 3 }, [], 'must be an array of 1 to 3 items'],
    [{ type: 'array', minItems: 1, maxItems: 3 }, {}, 'must be an array of 1 to 3 items'],
    [{ type: 'boolean' }, 'yes', 'must be true or false'],
    [{ const: 'a@1' }, 'a@2', 'must be "a@1"'],
    [{ type: 'string', enum: ['a', 'b', 'c'] }, 'd', 'must be one of a, b or c'],
    [{ anyOf: [{ type: 'number' }, { type: 'object' }] }, 'x', 'must be a number or an object'],
    [{ anyOf: [{ type: 'number', minimum: 0 }, { type: 'object' }] }, -1, 'must be at least 0'],
    [{ type: 'object', 'x-fault-code': 'TYPE_MISMATCH' }, 1, 'TYPE_MISMATCH: must be an object'],
    [{}, null, undefined],
  ]
  for (const [node, value, message] of cases) {
    it(`${JSON.stringify(value)} for ${JSON.stringify(node)}: ${message}`, () => {
      const faults = createFaults()
      collectSchemaFaults(node, value, [], faults)
      assert.deepEqual(faults.toRecord(), message === undefined ? {} : { body: message })
    })
  }
})

function* nodesOf(node: SchemaNode): Generator<SchemaNode> {
  yield node
  const children = [
    ...Object.values(node.properties ?? {}),
    ...(node.anyOf ?? []),
    ...(node.items === undefined ? [] : [node.items]),
  ]
  for (const child of children) yield* nodesOf(child)
}

function withoutFormat(node: unknown): unknown {
  return JSON.parse(JSON.stringify(node, (key, value) => (key === 'format' ? undefined : value)))
}
