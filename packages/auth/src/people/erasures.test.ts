import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { systemContext } from '../admin/context.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import { openPeople } from '../testing/sample-people.ts'
import { recordErasure } from './erasures.ts'

it('an erasure names the person, and is refused once the role that allowed it is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const store = openSqliteAuthStore(join(folder, 'auth.db'))
  const place = await openPeople(store, { mail: false })
  try {
    const { org_id } = place
    const owner = await place.person('owner', { [org_id]: 'owner' })
    const admin = await place.person('admin', { [org_id]: 'admin' })
    const digestKey = new Uint8Array(32)
    const context = systemContext({ store, digestKey, now: () => place.clock.now })
    const record = (client_id: string) =>
      recordErasure(
        {
          ...{ client_id, org_id, environment: 'production', asset_id: 'TRUCK-1' },
          ...{ address: '192.0.2.1', request_id: 'r-1' },
        },
        context,
      )
    const actors = async () =>
      (await place.trail()).filter(({ action }) => action === 'asset.erased').map((e) => e.actor)
    await record('client_1')
    await record(admin.person_id)
    const { person_id } = admin
    const email = 'admin@example.com'
    const named = [
      { kind: 'person', person_id, email },
      { kind: 'client', client_id: 'client_1' },
    ]
    assert.deepEqual(await actors(), named)
    // The token is still valid at an API that has not read the feed yet.
    await owner.send('PATCH', `/members/${person_id}`, { role: 'developer' })
    const revoked = (error: unknown) =>
      error instanceof OAuthError && error.reason.kind === 'revoked_token'
    await assert.rejects(record(person_id), revoked)
    await owner.send('DELETE', `/members/${person_id}`)
    await assert.rejects(record(person_id), revoked)
    assert.deepEqual(await actors(), named)
  } finally {
    await place.close()
    await store.close()
    rmSync(folder, { recursive: true })
  }
})
