import assert from 'node:assert/strict'
import { it } from 'node:test'
import TypeBox from 'typebox'
import { compileSchema } from './compile-schema.ts'
import { Type } from './type.ts'

const about = { description: 'about', title: 'x' }

/** One of each kind, built by `T`. */
function samples(T: typeof Type): Readonly<Record<keyof typeof Type, object>> {
  const members = { a: T.String(), b: T.Optional(T.Integer(about)), c: T.Null() }
  return {
    Array: T.Array(T.String(), { maxItems: 3 }),
    Boolean: T.Boolean(about),
    Enum: T.Enum(['a', 'b'], { type: 'string' }),
    Integer: T.Integer({ minimum: 1 }),
    Intersect: T.Intersect([T.Object({}), T.Unsafe<unknown>({ oneOf: [] })]),
    Literal: T.Union([T.Literal('a', about), T.Literal(1), T.Literal(true)]),
    Null: T.Null(about),
    Number: T.Number(about),
    Object: T.Object(members, { additionalProperties: false }),
    Optional: T.Object({ all: T.Optional(T.Object(members)), none: T.Optional(T.String()) }),
    Partial: T.Object({ p: T.Optional(T.Partial(T.Object(members, about), { minProperties: 1 })) }),
    Record: T.Record(T.String(), T.Integer(), about),
    String: T.String({ minLength: 1, 'x-unit': 'm' }),
    Union: T.Union([T.String(), T.Null()], about),
    Unknown: T.Array(T.Unknown(about)),
    Unsafe: T.Unsafe<unknown>(T.Object(members)),
  }
}

const theirs = samples(TypeBox)
for (const [kind, schema] of Object.entries(samples(Type))) {
  it(`${kind} is written as TypeBox writes it, in the same order`, () => {
    assert.equal(JSON.stringify(schema), JSON.stringify(theirs[kind as keyof typeof theirs]))
  })
}

it('a schema that is optional in one object is required in another', () => {
  const field = Type.String()
  Type.Object({ field: Type.Optional(field) })
  assert.deepEqual(Type.Object({ field }).required, ['field'])
})

it('a compiled schema checks values', () => {
  const { Check } = { Check: (value: unknown) => validator.Check(value) }
  const validator = compileSchema(Type.Object({ a: Type.Optional(Type.Integer()) }))
  assert.equal(Check({ a: 1 }), true)
  assert.equal(Check({ a: 'one' }), false)
})
