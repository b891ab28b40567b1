import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addUsage, type ClientUsage, isWasteful, noUsage, usageOfToken, wasteOf } from './usage.ts'

const START = 1_800_000_000
const DAY = 86_400

function tokensAt(times: readonly number[], lifetimeSeconds: number, early = true): ClientUsage {
  return times
    .map((iat) => usageOfToken('client', { iat, lifetimeSeconds, early }))
    .reduce(addUsage, noUsage('client'))
}

describe('the usage of a client', () => {
  it('counts the tokens that are still valid', () => {
    const hourly = Array.from({ length: 48 }, (_, hour) => START + hour * 3600)
    const usage = tokensAt(hourly, DAY)
    assert.equal(usage.tokens_issued, 48)
    const { tokens_valid, tokens_per_day } = wasteOf(usage, START + 2 * DAY)
    assert.ok(tokens_valid >= 23 && tokens_valid <= 25, `${tokens_valid} valid`)
    assert.ok(tokens_per_day >= 23 && tokens_per_day <= 25)
    assert.equal(wasteOf(usage, START + 4 * DAY).tokens_valid, 0)
  })

  it('is the same in whatever batches it is added', () => {
    const token = fc.record({
      iat: fc.integer({ min: START, max: START + DAY }),
      lifetimeSeconds: fc.constantFrom(60, 3600, DAY),
      early: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(token), fc.nat(), (tokens, cut) => {
        const inOrder = tokens.sort((a, b) => a.iat - b.iat)
        const add = (some: typeof tokens) =>
          some.map((one) => usageOfToken('client', one)).reduce(addUsage, noUsage('client'))
        const middle = tokens.length === 0 ? 0 : cut % tokens.length
        const halves = addUsage(add(inOrder.slice(0, middle)), add(inOrder.slice(middle)))
        assert.deepEqual(halves, add(inOrder))
      }),
    )
  })

  it('stays small however many tokens are issued', () => {
    const everyMinute = Array.from({ length: 10_000 }, (_, minute) => START + minute * 60)
    assert.ok(tokensAt(everyMinute, DAY).living.length <= 26)
  })
})

describe('waste', () => {
  it('is a client that requests a one-day token every hour', () => {
    const usage = tokensAt(
      Array.from({ length: 48 }, (_, hour) => START + hour * 3600),
      DAY,
    )
    const waste = wasteOf(usage, START + 2 * DAY)
    assert.ok(isWasteful(waste))
    assert.ok(waste.times_needed >= 23)
  })

  it('is not a fleet whose devices each request one token', () => {
    const usage = tokensAt(
      Array.from({ length: 1000 }, () => START),
      DAY,
      false,
    )
    const waste = wasteOf(usage, START + 60)
    assert.equal(waste.tokens_valid, 1000)
    assert.equal(waste.times_needed, 1)
    assert.ok(!isWasteful(waste))
  })

  it('is not a restart or two', () => {
    assert.ok(!isWasteful(wasteOf(tokensAt([START, START + 1], DAY), START + 2)))
  })
})
