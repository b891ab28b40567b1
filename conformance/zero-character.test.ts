/**
 * U+0000: PostgreSQL text cannot contain it. A text that is looked up or stored in a column of its
 * own refuses it, on every store, so that `miot copy` always works; other texts of a report are
 * stored as written and returned.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { report, track } from './support/track-requests.ts'

const ZERO = 'a\0b'

let server: RunningServer
let connection: Connection

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
})
after(async () => {
  connection.close()
  await server.stop()
})

describe('U+0000', () => {
  it('is refused in every text with a column of its own, and named', async () => {
    const token = await accessToken(connection, server.credentials)
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
      const { status, text } = await track(connection, token, { ...report('A'), ...change })
      assert.equal(status, 400, path)
      assert.deepEqual(Object.keys(JSON.parse(text).errors), [path])
    }
  })

  it('is refused in every text of the admin API', async () => {
    const audience = `${server.url}/admin/v1`
    const made = await server.miot([
      'clients',
      'create',
      '--name',
      'admin',
      '--audience',
      audience,
      '--json',
    ])
    const token = await accessToken(connection, { ...JSON.parse(made.stdout), audience })
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
