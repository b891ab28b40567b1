/**
 * U+0000: PostgreSQL text cannot contain it. A text that is looked up or stored in a column of its
 * own refuses it, on every store, so that `miot copy` always works; other texts of a report are
 * stored as written and returned.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { adminToken } from './support/administrator.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { report, track } from './support/track-requests.ts'

const ZERO = 'a\0b'

const { server, connection, token: deviceToken } = await startLoggedIn()

describe('U+0000', () => {
  it('is refused in every text with a column of its own, and named', async () => {
    const timestamp = new Date().toISOString()
    const items = (item: object) => ({ metrics: { schema: 'miot.metrics@1.0', items: [item] } })
    const faulty: Readonly<Record<string, object>> = {
      asset_id: { asset_id: ZERO },
      type: { type: ZERO },
      'metrics.items[0].k': items({ k: `x.${ZERO}`, v: 1 }),
      'metrics.items[0].u': items({ k: 'x.a', v: 1, u: ZERO }),
      'events[0].event_type': { events: [{ event_type: ZERO, timestamp }] },
    }
    for (const [path, change] of Object.entries(faulty)) {
      const { status, text } = await track(connection, deviceToken, { ...report('A'), ...change })
      assert.equal(status, 400, path)
      assert.deepEqual(Object.keys(JSON.parse(text).errors), [path])
    }
  })

  it('is refused in every text of the admin API', async () => {
    const token = await adminToken(server)
    const grants = [{ audience: server.credentials.audience }]
    const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    const { client_id } = server.credentials
    const faulty: readonly (readonly [path: string, body: object])[] = [
      ['clients', { name: ZERO, grants }],
      ['clients', { name: 'a', grants, external_id: ZERO }],
      ['clients', { name: 'a', grants, tags: [ZERO] }],
      ['clients', { name: 'a', grants: [{ audience: ZERO }] }],
      ['clients', { name: 'a', grants: [{ ...grants[0], scopes: [ZERO] }] }],
      ['clients', { name: 'a', grants, jwks: { keys: [{ ...key, kid: ZERO }] } }],
      ['clients', { name: 'a', grants, allowed_addresses: [ZERO] }],
      [`clients/${client_id}/secrets`, { label: ZERO }],
    ]
    for (const [path, body] of faulty) {
      const { status, text } = await connection.send({
        path: `/admin/v1/${path}`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      assert.ok(status >= 400 && status < 500, `${path} ${JSON.stringify(body)}: ${status} ${text}`)
    }
  })
})
