import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rateLimitHeaders } from './rate-limit.ts'

const hour = { policy: 'hour', quota: 60, windowSeconds: 3600, remaining: 0, resetSeconds: 12 }
const day = { policy: 'day', quota: 1e21, windowSeconds: 86_400, remaining: 7, resetSeconds: 300 }

describe('the rate limit header fields', () => {
  it('are lists of policies and of remaining quotas (draft-ietf-httpapi-ratelimit-headers-11 §3, §4)', () => {
    assert.deepEqual(rateLimitHeaders([hour, { ...day, quota: 1000 }]), {
      'ratelimit-policy': '"hour";q=60;w=3600, "day";q=1000;w=86400',
      ratelimit: '"hour";r=0;t=12, "day";r=7;t=300',
    })
  })

  it('are left out when there is no limit, since an empty list is not a field', () => {
    assert.deepEqual(rateLimitHeaders([]), {})
  })

  it('hold integers as structured fields have them, of 15 digits at most (RFC 9651 §3.3.1)', () => {
    assert.match(rateLimitHeaders([day])['ratelimit-policy'] ?? '', /q=999999999999999;/)
  })
})
