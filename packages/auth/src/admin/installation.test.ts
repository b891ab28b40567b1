import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import { updateAudience } from './installation.ts'

let place: Installation
before(async () => {
  place = await openInstallation()
})
after(() => place.close())

const newestEntry = async () => {
  const [row] = await place.store.listAudit({ before: null, limit: 1 })
  return JSON.parse(row?.entry ?? '')
}

describe('updateAudience', () => {
  it('changes only what is named, and the trail has only that', async () => {
    const change = { token_typ: 'JWT', add_scopes: ['read', 'delete'] } as const
    const updated = await updateAudience(API, change, place.operator)
    assert.deepEqual(updated, {
      audience: API,
      scopes: ['read', 'write', 'delete'],
      token_lifetime_seconds: 3600,
      signing_alg: 'ES256',
      token_typ: 'JWT',
    })
    assert.partialDeepStrictEqual(await newestEntry(), {
      action: 'audience.updated',
      target: { type: 'audience', id: API },
      before: { scopes: [], token_typ: 'at+jwt' },
      after: { scopes: ['delete'], token_typ: 'JWT' },
    })
  })

  it('has the rules of createAudience, and refuses to change nothing', async () => {
    const before = await place.store.listAudiences()
    for (const [change, message] of [
      [{ token_lifetime_seconds: 59 }, /^token_lifetime_seconds must be/],
      [{ token_typ: 'jwt' as 'JWT' }, /^token_typ must be/],
      [{ add_scopes: ['a b'] }, /^scopes must be/],
      [{}, /^name what to change/],
    ] as const) {
      const code = 'invalid_input'
      await assert.rejects(updateAudience(API, change, place.operator), { code, message })
    }
    assert.deepEqual(await place.store.listAudiences(), before)
  })

  it('is for the operator: an audience takes tokens of every organization', async () => {
    const change = { token_lifetime_seconds: 60 }
    await assert.rejects(updateAudience(API, change, place.caller(place.acme)), {
      code: 'forbidden',
    })
    await assert.rejects(updateAudience('https://unknown.example', change, place.operator), {
      code: 'not_found',
    })
  })
})
