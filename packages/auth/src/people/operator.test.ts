import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { systemContext } from '../admin/context.ts'
import { AdminError } from '../errors/admin-error.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'
import { openPeople, type People } from '../testing/sample-people.ts'
import { getPerson, removePerson } from './operator.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
let store: AuthStore
let place: People

before(async () => {
  store = openSqliteAuthStore(join(folder, 'auth.db'))
  place = await openPeople(store, { mail: false })
})
after(async () => {
  await place.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

function operator() {
  const now = () => place.clock.now
  const context = systemContext({ store, digestKey: new Uint8Array(32), now })
  return { ...context, actor: { kind: 'operator', name: 'root' } } as const
}

const feed = async () =>
  (await store.readRevocations({ after: null, limit: 100, nowSeconds: 0 })).revocations

describe('removing a person', () => {
  it('changes nothing when one organization has to keep its only owner', async () => {
    const organizations = [place.org_id, place.other_org].sort()
    const roles = Object.fromEntries(organizations.map((org_id) => [org_id, 'owner'] as const))
    await place.person('only', roles)
    // The first one would let the person go.
    await place.person('second', { [organizations[1] as string]: 'admin' })
    const state = async () => ({
      person: await getPerson('person_only', operator()),
      trail: (await place.trail()).length,
      feed: await feed(),
    })
    const before = await state()
    await assert.rejects(
      removePerson(before.person, operator()),
      (error: unknown) => error instanceof AdminError && error.code === 'conflict',
    )
    assert.deepEqual(await state(), before)
  })

  it('ends the person’s tokens with each membership', async () => {
    await place.person('gone', { [place.org_id]: 'viewer', [place.other_org]: 'viewer' })
    const cuts: unknown[] = []
    const updateMember: AuthStore['updateMember'] = async (org_id, update, authority) => {
      const changed = await store.updateMember(org_id, update, authority)
      cuts.push(changed?.endTokens?.(null).kind)
      return changed
    }
    const context = { ...operator(), store: { ...store, updateMember } }
    await removePerson(await getPerson('person_gone', context), context)
    assert.deepEqual(cuts, ['client', 'client'])
    const { issued_until } = (await feed()).find(
      (one) => one.kind === 'client' && one.client_id === 'person_gone',
    ) as { issued_until: number }
    assert.ok(issued_until >= place.clock.now / 1000)
    await assert.rejects(getPerson('person_gone', context), AdminError)
  })
})
