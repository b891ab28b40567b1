import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sampleClient } from '../testing/sample-client.ts'
import { cutOff, issueTime, revocationsOf } from './cut-off.ts'

const NOW_MS = 1_800_000_000_999
const NOW = 1_800_000_000

describe('cutting off a client', () => {
  it('covers tokens from an instance that does not know of it yet, even if its clock is ahead', () => {
    const upTo = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(upTo(999), upTo(1000), upTo(999), (fraction, aheadMs, learnedAfterMs) => {
        const nowMs = NOW * 1000 + fraction
        const { tokens_revoked_until } = cutOff(sampleClient(), nowMs)
        const iat = issueTime(sampleClient(), nowMs + learnedAfterMs + aheadMs)
        assert.ok(iat <= (tokens_revoked_until ?? 0))
      }),
      { examples: [[999, 1000, 1]] },
    )
  })

  it('changes nothing else about the client', () => {
    const client = sampleClient()
    assert.deepEqual({ ...cutOff(client, NOW_MS), tokens_revoked_until: null }, client)
  })

  it('ends every token issued before it, and none issued after, with any number of cut-offs in a second', () => {
    const step = fc.record({ cut: fc.boolean(), waitMs: fc.integer({ min: 0, max: 1500 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let client = sampleClient()
        let nowMs = NOW_MS
        const issued: { iat: number; cuts: number }[] = []
        let cuts = 0
        for (const { cut, waitMs } of steps) {
          nowMs += waitMs
          if (cut) {
            const before = client
            client = cutOff(client, nowMs)
            cuts++
            assert.equal(revocationsOf(before, client).length, 1, 'each has an entry')
          } else issued.push({ iat: issueTime(client, nowMs), cuts })
          for (const token of issued) {
            const dead = token.iat <= (client.tokens_revoked_until ?? 0)
            assert.equal(dead, token.cuts < cuts)
          }
        }
      }),
    )
  })

  it('never moves a cut-off back, whatever the clock does', () => {
    const later = cutOff(sampleClient(), NOW_MS)
    const earlier = cutOff(later, NOW_MS - 3_600_000)
    assert.equal(earlier.tokens_revoked_until, NOW + 3)
  })
})

describe('the feed’s entry', () => {
  it('lasts until the longest token it ends has expired', () => {
    const before = sampleClient()
    const issued_until = NOW + 2
    assert.deepEqual(revocationsOf(before, cutOff(before, NOW_MS)), [
      { kind: 'client', client_id: 'client_1', issued_until, expires: issued_until + 30 * 86_400 },
    ])
  })

  it('is not made for another change', () => {
    const cut = sampleClient({ tokens_revoked_until: 5 })
    assert.deepEqual(revocationsOf(sampleClient(), sampleClient({ name: 'Van' })), [])
    assert.deepEqual(revocationsOf(cut, { ...cut, name: 'Van' }), [])
  })
})

describe('the time a token is issued at', () => {
  it('is now if nothing was cut off lately', () => {
    assert.equal(issueTime(sampleClient(), NOW_MS), NOW)
    assert.equal(issueTime(sampleClient({ tokens_revoked_until: NOW - 1 }), NOW_MS), NOW)
  })

  it('is at most three seconds ahead right after a cut', () => {
    assert.equal(issueTime(cutOff(sampleClient(), NOW_MS), NOW_MS), NOW + 3)
  })
})
