import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { ManyChange } from '../clients/many-change.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { AuthStore } from '../store/store.ts'
import { API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import { changeEach, changeOneOf } from './change-clients.ts'
import { createClient, getClient } from './clients.ts'
import type { AdminContext } from './context.ts'
import { addSecret, revokeSecret } from './secrets.ts'

const ROTATE: ManyChange = { action: 'rotate', overlap_seconds: 60 }

let place: Installation
before(async () => {
  place = await openInstallation()
})
after(() => place.close())

async function make(count: number): Promise<string[]> {
  const request = { name: 'Truck', grants: [{ audience: API }], ...place.acme }
  const made = Array.from({ length: count }, () => createClient(request, place.operator))
  return (await Promise.all(made)).map(({ client }) => client.client_id)
}

/** The caller; `beforeUnit` runs with the number of the unit, from 1. */
function callerWith(
  beforeUnit: (unit: number) => void,
  more: Partial<AdminContext> = {},
): AdminContext {
  let unit = 0
  const updateClient: AuthStore['updateClient'] = async (...args) => {
    beforeUnit(++unit)
    return place.store.updateClient(...args)
  }
  return { ...place.caller(place.acme), store: { ...place.store, updateClient }, ...more }
}

const run = (ids: readonly string[], change: ManyChange, context: AdminContext) =>
  changeEach(
    ids,
    context,
    (id, watched) => changeOneOf(id, change, watched),
    (error) => ({ code: 'test', message: String(error) }),
  )

describe('one change to many clients', () => {
  it('keeps the secrets from before the store failed', async () => {
    const ids = await make(3)
    const context = callerWith((unit) => {
      if (unit === 2) throw new StoreUnavailable('gone')
    })
    const results = await run(ids, ROTATE, context)
    assert.deepEqual(
      results.map(({ status, client_secret }) => [status, typeof client_secret]),
      [
        ['changed', 'string'],
        ['stopped', 'undefined'],
        ['stopped', 'undefined'],
      ],
    )
    assert.match(results[1]?.error?.message ?? '', /gone/)
    assert.equal((await getClient(ids[2] as string, place.operator)).secrets.length, 1)
  })

  it('gives no secret to a client that has none to replace', async () => {
    const { operator } = place
    const grants = { grants: [{ audience: API }], ...place.acme }
    const signer = { name: 'Signer', jwks_uri: 'https://keys.example/jwks', ...grants }
    const { client_id } = (await createClient(signer, operator)).client
    const expires_at = new Date(operator.now() + 1000).toISOString()
    await addSecret(client_id, { label: 'short', expires_at }, operator)
    const later = { ...operator, now: () => operator.now() + 2000 }
    await assert.rejects(changeOneOf(client_id, ROTATE, later), /; it signs assertions$/)
    const [revoked = ''] = await make(1)
    const { secrets } = await getClient(revoked, operator)
    await revokeSecret(revoked, secrets[0]?.secret_id ?? '', operator)
    await assert.rejects(changeOneOf(revoked, ROTATE, operator), /It has no secret$/)
  })

  it('fails as a whole while nothing was changed', async () => {
    const ids = ['client_none', ...(await make(1))]
    const gone = new StoreUnavailable('gone')
    const context = callerWith(() => {
      throw gone
    })
    await assert.rejects(run(ids, ROTATE, context), gone)
  })

  it('takes the loss of a right for no refusal of one client, whatever its code is', async () => {
    const ids = await make(3)
    for (const lost of [
      new OAuthError('insufficient_scope', 'lost', 403, { kind: 'invalid_token' } as never),
      // A person's, and as for a client with more rights than its administrator.
      new AdminError('forbidden', 'lost'),
    ]) {
      let units = 0
      const assertHeld = (): void => {
        units++
        if (units === 2) throw lost
      }
      const client = { kind: 'client' as const, client_id: 'c', jti: 'j', kid: 'k' }
      const authority = { ...client, assert: assertHeld, confirm: async () => {} }
      const results = await run(
        ids,
        ROTATE,
        callerWith(() => {}, { authority }),
      )
      assert.deepEqual(
        results.map(({ status }) => status),
        ['changed', 'stopped', 'stopped'],
      )
      assert.equal(units, 2)
    }
  })
})
