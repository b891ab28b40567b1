import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { createVerifier, type Verifier } from '@modulariot/oauth/resource-server'
import { decodeJwt } from 'jose'
import { systemContext } from '../admin/context.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'
import { ISSUER, openPeople, type People, type Person, TRACK } from '../testing/sample-people.ts'
import type { PeopleDeps } from './deps.ts'
import { disablePerson, getPerson } from './operator.ts'
import { recordOwnSignOut } from './record-own-change.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
let store: AuthStore
let place: People
let owner: Person
let api: Verifier

before(async () => {
  store = openSqliteAuthStore(join(folder, 'auth.db'))
  place = await openPeople(store, { mail: false })
  owner = await place.person('owner', { [place.org_id]: 'owner' })
  const { keys, revocations } = place.server
  const now = () => place.clock.now
  api = createVerifier({ issuer: ISSUER, audience: TRACK, keys, now, revocations })
})
after(async () => {
  await place.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

const PRODUCTION = { environment: 'production' } as const

async function tokenOf(person: Person, sent = {}): Promise<string> {
  const answer = await person.send('POST', '/telemetry-tokens', undefined, sent)
  assert.equal(answer.statusCode, 201, answer.body)
  return answer.json().access_token
}

const verified = (token: string) => api.verify(`Bearer ${token}`, { scope: 'asset:track:read' })
const revoked = (error: unknown) =>
  error instanceof OAuthError && error.reason.kind === 'revoked_token'

describe('the telemetry token of a person', () => {
  it('reads, for five minutes, in the tenant of the request', async () => {
    const answer = await owner.send('POST', '/telemetry-tokens', undefined, PRODUCTION)
    const { access_token, ...rest } = answer.json()
    assert.deepEqual(rest, { expires_in: 300, scope: 'asset:track:read' })
    const { jti: _, ...claims } = await verified(access_token)
    const now = Math.floor(place.clock.now / 1000)
    const id = 'person_owner'
    assert.deepEqual(claims, {
      ...{ iss: ISSUER, sub: id, client_id: id, azp: id, aud: TRACK, iat: now, exp: now + 300 },
      ...{ scope: 'asset:track:read', org_id: place.org_id, environment: 'production' },
    })
  })

  it('is not for a role without reads in the environment, nor for clients', async () => {
    const developer = await place.person('dev', { [place.org_id]: 'developer' })
    assert.ok(await tokenOf(developer))
    const refused = await developer.send('POST', '/telemetry-tokens', undefined, PRODUCTION)
    assert.equal(refused.statusCode, 403)
    const audience = `${ISSUER}/admin/v1`
    const made = await owner.send('POST', '/clients', { name: 'x', grants: [{ audience }] })
    const { client, client_secret } = made.json()
    const { client_id } = client
    const payload = { grant_type: 'client_credentials', client_id, client_secret, audience }
    const login = await place.http.inject({ method: 'POST', url: '/oauth2/token', payload })
    const answer = await place.http.inject({
      ...{ method: 'POST', url: '/admin/v1/telemetry-tokens' },
      headers: { authorization: `Bearer ${login.json().access_token}` },
    })
    assert.equal(answer.statusCode, 403, answer.body)
  })

  it('opens nothing but the API that serves telemetry', async () => {
    const authorization = `Bearer ${await tokenOf(owner)}`
    for (const url of ['/admin/v1/clients', '/oauth2/revocations']) {
      const answer = await place.http.inject({ url, headers: { authorization } })
      assert.equal(answer.statusCode, 401, answer.body)
    }
  })

  it('ends when the person gets another role or is removed; the next one is valid', async () => {
    const person = await place.person('leaving', { [place.org_id]: 'admin' })
    const before = await tokenOf(person)
    await verified(before)
    const path = `/members/${person.person_id}`
    assert.equal((await owner.send('PATCH', path, { role: 'viewer' })).statusCode, 200)
    await assert.rejects(verified(before), revoked)
    const next = await tokenOf(person)
    await verified(next)
    // A change in the same second reaches the token that was issued between the two.
    assert.equal((await owner.send('DELETE', path)).statusCode, 200)
    await assert.rejects(verified(next), revoked)
    const answer = await person.send('POST', '/telemetry-tokens')
    assert.equal(answer.statusCode, 403)
  })

  it('is refused for a while after many changes, since verifiers would not accept it', async () => {
    const person = await place.person('toggled', { [place.org_id]: 'viewer' })
    for (let change = 0; change < 40; change++) {
      const role = change % 2 === 0 ? 'developer' : 'viewer'
      await owner.send('PATCH', `/members/${person.person_id}`, { role })
    }
    const answer = await person.send('POST', '/telemetry-tokens')
    assert.equal(answer.statusCode, 409, answer.body)
    place.clock.now += 60_000
    await verified(await tokenOf(person))
  })

  it('ends when it was issued while the change waited for its unit', async () => {
    const person = await place.person('waiting', { [place.org_id]: 'admin' })
    const { updateMember, updatePerson } = store
    const late: string[] = []
    async function wait(): Promise<void> {
      place.clock.now += 10_000
      late.push(await tokenOf(person))
    }
    try {
      store.updateMember = async (...change) => {
        await wait()
        return updateMember(...change)
      }
      store.updatePerson = async (...change) => {
        await wait()
        return updatePerson(...change)
      }
      const path = `/members/${person.person_id}`
      assert.equal((await owner.send('PATCH', path, { role: 'viewer' })).statusCode, 200)
      await assert.rejects(verified(late.at(-1) as string), revoked)
      const { person_id } = person
      const caller = { address: '192.0.2.1', user_agent: null, request_id: 'r' }
      const deps = { store, now: () => place.clock.now } as unknown as PeopleDeps
      const own = { person_id, email: 'waiting@example.com', name: 'waiting' }
      await recordOwnSignOut('person.sessions_ended', own, {}, caller, deps)
      assert.equal(late.length, 2)
      await assert.rejects(verified(late.at(-1) as string), revoked)
      const context = systemContext({ ...deps, digestKey: new Uint8Array(32) })
      await disablePerson(await getPerson(person_id, context), context)
      await assert.rejects(verified(late.at(-1) as string), revoked)
    } finally {
      Object.assign(store, { updateMember, updatePerson })
    }
  })

  it('ends when it was issued between two changes of one second', async () => {
    const person = await place.person('twice', { [place.org_id]: 'admin' })
    const path = `/members/${person.person_id}`
    const { updateMember } = store
    let between = ''
    try {
      store.updateMember = async (...change) => {
        store.updateMember = updateMember
        assert.equal((await owner.send('PATCH', path, { role: 'developer' })).statusCode, 200)
        between = await tokenOf(person)
        return updateMember(...change)
      }
      assert.equal((await owner.send('DELETE', path)).statusCode, 200)
    } finally {
      store.updateMember = updateMember
    }
    await assert.rejects(verified(between), revoked)
  })

  it('is gone from the answer to a person that is removed while it is read', async () => {
    const person = await place.person('racing', { [place.org_id]: 'admin' })
    const findPersonState = store.findPersonState
    let reads = 0
    try {
      store.findPersonState = async (key) => {
        const state = await findPersonState(key)
        // Head, body, then the token itself.
        if (++reads === 3) await owner.send('DELETE', `/members/${person.person_id}`)
        return state
      }
      const token = await tokenOf(person)
      await assert.rejects(verified(token), revoked)
      assert.equal(decodeJwt(token).sub, person.person_id)
    } finally {
      store.findPersonState = findPersonState
    }
  })
})
