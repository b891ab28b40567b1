import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createClient } from './admin/clients.ts'
import { ADMIN_SCOPES } from './admin/scopes.ts'
import { deriveInstallationKeys } from './keys/sealing.ts'
import { createAuthServer } from './server.ts'
import { openInstallation } from './testing/sample-installation.ts'

it('a newer version adds its scopes to the admin API’s audience, and to no client', async (t) => {
  const place = await openInstallation()
  t.after(() => place.close())
  const audience = 'https://older.example/admin/v1'
  const scopes = ['clients:read', 'mine']
  const rules = { token_lifetime_seconds: 600, signing_alg: 'ES256', token_typ: 'at+jwt' } as const
  const { store, operator, clock } = place
  const audit = { at: '', actor: { kind: 'system' }, action: 'audience.created' } as const
  const rest = { org_id: null, environment: null, address: null, request_id: null }
  await store.createAudience({
    value: { audience, scopes, ...rules },
    audit: {
      ...{ ...audit, ...rest, idempotency: null, before: null, after: null },
      target: { type: 'audience', id: audience },
    },
  })
  const request = { name: 'x', grants: [{ audience }], ...place.acme }
  const { client } = await createClient(request, operator)
  const trail = async () => (await store.listAudit({ before: null, limit: 100 })).length
  const lengths: number[] = []
  for (let start = 0; start < 2; start++) {
    const server = await createAuthServer({
      ...{ issuer: 'https://older.example', store, now: () => clock.now },
      installationKeys: deriveInstallationKeys(new Uint8Array(32)),
      onError: (error) => assert.fail(String(error)),
    })
    await server.close()
    lengths.push(await trail())
  }
  const found = (await store.listAudiences()).find((one) => one.audience === audience)
  assert.deepEqual([...(found?.scopes ?? [])].sort(), ['mine', ...ADMIN_SCOPES].sort())
  assert.equal(found?.token_lifetime_seconds, 600)
  assert.deepEqual((await store.findClient(client.client_id))?.grants[0]?.scopes, scopes)
  assert.equal(lengths[0], lengths[1])
})
