/**
 * Persons at the admin API, on both stores: what each role may do, the attacks of persons and of
 * other sites, and what happens to a person that is cut off at the last moment.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import type { Role } from '../../records/member.ts'
import { openPostgresAuthStore } from '../../store/postgres/postgres-store.ts'
import { openSqliteAuthStore } from '../../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../../store/store.ts'
import { openPeople, type People, type Person, TRACK } from '../../testing/sample-people.ts'

let postgres: TestPostgres
const folder = mkdtempSync(join(tmpdir(), 'miot-'))
before(async () => {
  postgres = await startPostgres()
})
after(async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true })
})

const STORES: Readonly<Record<string, () => Promise<AuthStore>>> = {
  SQLite: async () => openSqliteAuthStore(join(folder, 'auth.db')),
  PostgreSQL: async () => openPostgresAuthStore(await postgres.createDatabase()),
}

/** Every unit that checks an authority. */
const UNITS = ['createClients', 'updateOrganization', 'updateMember', 'createInvitation']
const NEW_CLIENT = { name: 'x', grants: [{ audience: TRACK }] }

for (const [name, open] of Object.entries(STORES)) {
  describe(`${name}: a person at the admin API`, () => {
    let store: AuthStore
    let place: People
    let owner: Person
    /** Runs once, right before the next unit. */
    let beforeUnit: (() => Promise<void>) | null = null
    let count = 0

    before(async () => {
      store = await open()
      const watched = new Proxy(store, {
        get: (target, method: keyof AuthStore) => {
          const called = target[method] as (...args: unknown[]) => unknown
          if (!UNITS.includes(method)) return called
          return async (...args: unknown[]) => {
            const run = beforeUnit
            beforeUnit = null
            await run?.()
            return called(...args)
          }
        },
      })
      place = await openPeople(watched, { mail: false })
      owner = await place.person('owner', { [place.org_id]: 'owner' })
    })
    after(async () => {
      await place.close()
      await store.close()
    })

    const newMember = (role: Role): Promise<Person> =>
      place.person(`p${++count}`, { [place.org_id]: role })
    const setRole = (person: Person, role: string): Promise<void> =>
      place.sql('UPDATE {members} SET role = ? WHERE person_id = ?', role, person.person_id)
    const statusOf = async (answer: ReturnType<Person['send']>): Promise<number> =>
      (await answer).statusCode
    const lastSeq = async (): Promise<number> => (await place.trail())[0]?.seq ?? 0

    it('acts with the scopes of its role, in the environment that it names', async () => {
      const viewer = await newMember('viewer')
      const developer = await newMember('developer')
      const production = { environment: 'production' } as const
      const expected: [Person, object, number, number][] = [
        [owner, {}, 200, 201],
        [owner, production, 200, 201],
        [viewer, {}, 200, 403],
        [viewer, production, 200, 403],
        [developer, {}, 200, 201],
        // By header, which a page would not send.
        [developer, production, 403, 403],
      ]
      for (const [person, sent, reads, writes] of expected) {
        assert.equal(await statusOf(person.send('GET', '/clients', undefined, sent)), reads)
        const made = await person.send('POST', '/clients', NEW_CLIENT, sent)
        assert.equal(made.statusCode, writes, made.body)
      }
      const refused = await viewer.send('POST', '/clients', NEW_CLIENT)
      assert.equal(refused.json().type, 'urn:modulariot:problem:insufficient_scope')
    })

    it('is named in the trail, and its tenant is the one it chose', async () => {
      const made = await owner.send('POST', '/clients', NEW_CLIENT, { environment: 'production' })
      const { client } = made.json()
      assert.deepEqual([client.org_id, client.environment], [place.org_id, 'production'])
      const [entry] = await place.trail()
      const email = 'owner@example.com'
      assert.deepEqual(entry?.actor, { kind: 'person', person_id: 'person_owner', email })
      assert.equal(entry?.environment, 'production')
    })

    it('does not reach another organization, whatever its headers', async () => {
      const { org_id, other_org } = place
      for (const [value, status] of [
        [other_org, 403],
        ['org_unknown', 403],
        [`${org_id}, ${other_org}`, 400],
        ['', 400],
        ["' OR 1=1 --", 400],
      ] as const) {
        const headers = { 'miot-organization': value }
        const answer = await owner.send('GET', '/clients', undefined, { headers })
        assert.equal(answer.statusCode, status, value)
      }
      for (const value of ['staging', 'development, production', '']) {
        const headers = { 'miot-environment': value }
        assert.equal(await statusOf(owner.send('GET', '/clients', undefined, { headers })), 400)
      }
    })

    it('names one of several organizations, and has another role in each', async () => {
      const { org_id, other_org } = place
      const both = await place.person('both', { [org_id]: 'viewer', [other_org]: 'owner' })
      assert.equal(await statusOf(both.send('GET', '/clients')), 400)
      const at = (id: string) => ({ headers: { 'miot-organization': id } })
      assert.equal(await statusOf(both.send('POST', '/clients', NEW_CLIENT, at(org_id))), 403)
      const made = await both.send('POST', '/clients', NEW_CLIENT, at(other_org))
      assert.equal(made.json().client.org_id, other_org)
      const nowhere = await place.person('nowhere')
      assert.equal(await statusOf(nowhere.send('GET', '/clients')), 403)
    })

    it('is refused when another site makes the request with its cookie', async () => {
      const before = await lastSeq()
      const none = { 'sec-fetch-site': undefined }
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'none' },
        { 'sec-fetch-site': 'same-origin, cross-site' },
        { 'sec-fetch-site': 'cross-site', origin: 'https://auth.example' },
        none,
        { ...none, origin: 'https://evil.example' },
        { ...none, origin: 'https://app.auth.example' },
        { ...none, origin: 'http://auth.example' },
        { ...none, origin: 'null' },
      ]) {
        for (const type of ['application/json', 'text/plain']) {
          const sent = { headers: { ...headers, 'content-type': type } }
          const answer = await owner.send('POST', '/clients', NEW_CLIENT, sent)
          assert.equal(answer.statusCode, 403, JSON.stringify(headers))
          assert.equal(answer.json().type, 'urn:modulariot:problem:cross_site')
        }
      }
      // A form cannot send JSON, even from our own origin.
      for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        const sent = { headers: { 'content-type': type } }
        assert.equal(await statusOf(owner.send('POST', '/clients', NEW_CLIENT, sent)), 415)
      }
      assert.equal(await lastSeq(), before)
      const older = { headers: { ...none, origin: 'https://auth.example' } }
      assert.equal(await statusOf(owner.send('POST', '/clients', NEW_CLIENT, older)), 201)
      assert.equal(await statusOf(owner.send('GET', '/clients', undefined, { headers: none })), 200)
    })

    it('does not count once there is a token, even one that is not valid', async () => {
      const made = await owner.send('POST', '/clients', {
        ...{ name: 'reader', grants: [{ audience: `${'https://auth.example'}/admin/v1` }] },
      })
      const { client, client_secret } = made.json()
      const { client_id } = client
      const payload = { grant_type: 'client_credentials', client_id, client_secret }
      const audience = 'https://auth.example/admin/v1'
      const token = await place.http.inject({
        ...{ method: 'POST', url: '/oauth2/token', payload: { ...payload, audience } },
      })
      const authorization = `Bearer ${token.json().access_token}`
      const stranger = await place.person('stranger', { [place.other_org]: 'owner' })
      const sent = (more: object) => ({ headers: { authorization, ...more } })
      const answer = await stranger.send('POST', '/clients', NEW_CLIENT, sent({}))
      assert.equal(answer.json().client?.org_id, place.org_id, answer.body)
      assert.deepEqual((await place.trail())[0]?.actor, { kind: 'client', client_id })
      for (const [headers, status] of [
        [{ 'miot-organization': place.other_org }, 400],
        [{ 'miot-environment': 'production' }, 400],
        [{ 'miot-organization': place.org_id, 'miot-environment': 'development' }, 200],
        [{ authorization: 'Bearer x' }, 401],
        [{ authorization: '' }, 401],
      ] as const) {
        const got = await stranger.send('GET', '/clients', undefined, sent(headers))
        assert.equal(got.statusCode, status, JSON.stringify(headers))
      }
    })

    it('is refused with no session, an ended one, or one of a disabled person', async () => {
      const person = await newMember('admin')
      const read = () => statusOf(person.send('GET', '/clients'))
      const unknown = { headers: { cookie: 'session=other' } }
      const answer = await person.send('GET', '/clients', undefined, unknown)
      assert.equal(answer.statusCode, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="ModularIoT admin API"')
      assert.equal(await read(), 200)
      const { person_id, session_id } = person
      await place.sql('UPDATE {people} SET disabled = 1 WHERE id = ?', person_id)
      assert.equal(await read(), 401)
      await place.sql('UPDATE {people} SET disabled = 0 WHERE id = ?', person_id)
      const end = new Date(place.clock.now).toISOString()
      await place.sql('UPDATE {people_sessions} SET expires_at = ? WHERE id = ?', end, session_id)
      assert.equal(await read(), 401)
    })

    /** Each takes a person's authority away. */
    const CUTS: Readonly<Record<string, (person: Person) => Promise<void>>> = {
      'loses its role': (person) => setRole(person, 'viewer'),
      'leaves the organization': ({ person_id }) =>
        place.sql('DELETE FROM {members} WHERE person_id = ?', person_id),
      'is disabled': ({ person_id }) =>
        place.sql('UPDATE {people} SET disabled = 1 WHERE id = ?', person_id),
      'signs out elsewhere': ({ session_id }) =>
        place.sql('DELETE FROM {people_sessions} WHERE id = ?', session_id),
    }

    for (const [why, cut] of Object.entries(CUTS)) {
      it(`changes nothing when it ${why} while the body arrives`, async () => {
        // A dry run has no unit of change, so only the check at the end of the body refuses it.
        for (const path of ['/clients', '/clients/bulk?dry_run=true']) {
          const person = await newMember('admin')
          const before = await lastSeq()
          const payload = new Readable({
            read() {
              cut(person).then(() => {
                this.push(JSON.stringify(NEW_CLIENT))
                this.push(null)
              })
            },
          })
          const answer = await person.send('POST', path, undefined, { payload })
          assert.ok([401, 403].includes(answer.statusCode), answer.body)
          assert.equal(await lastSeq(), before)
        }
      })

      it(`changes nothing when it ${why} right before the unit of its change`, async () => {
        for (const [method, path, body] of [
          ['POST', '/clients', NEW_CLIENT],
          ['PATCH', '/organization', { name: 'Mine' }],
          ['PATCH', '/members/person_owner', { role: 'viewer' }],
          ['POST', '/invitations', { email: 'friend@example.com', role: 'admin' }],
        ] as const) {
          const person = await newMember('owner')
          const before = await lastSeq()
          let ran = false
          beforeUnit = async () => {
            ran = true
            await cut(person)
          }
          const answer = await person.send(method, path, body)
          assert.ok(ran)
          assert.ok([401, 403].includes(answer.statusCode), answer.body)
          assert.equal(await lastSeq(), before)
          await place.sql('DELETE FROM {members} WHERE person_id = ?', person.person_id)
        }
      })
    }

    it('makes no owner when it stops being one right before the unit', async () => {
      const person = await newMember('owner')
      const friend = await newMember('viewer')
      beforeUnit = () => setRole(person, 'admin')
      const path = `/members/${friend.person_id}`
      assert.equal(await statusOf(person.send('PATCH', path, { role: 'owner' })), 403)
      assert.equal((await store.listMemberships(friend.person_id))[0]?.role, 'viewer')
    })

    it('has a bulk request stopped at the batch where its role ends', async () => {
      const person = await newMember('admin')
      const payload = Array.from({ length: 120 }, () => JSON.stringify(NEW_CLIENT)).join('\n')
      let batches = 0
      const next = async (): Promise<void> => {
        if (++batches === 2) await setRole(person, 'viewer')
        beforeUnit = next
      }
      beforeUnit = next
      const headers = { 'content-type': 'application/x-ndjson' }
      const answer = await person.send('POST', '/clients/bulk', undefined, { payload, headers })
      beforeUnit = null
      const lines = answer.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).status)
      assert.deepEqual([lines.length, lines.at(-1)], [51, 'stopped'])
    })

    it('cannot rise: an admin makes no owner, a developer gives no role', async () => {
      const admin = await newMember('admin')
      const developer = await newMember('developer')
      const { person_id } = admin
      const [viewer, other] = [await newMember('viewer'), await newMember('viewer')]
      const before = await lastSeq()
      const attempts: [Person, string, string, object?][] = [
        [admin, 'PATCH', `/members/${person_id}`, { role: 'owner' }],
        [admin, 'PATCH', '/members/person_owner', { role: 'viewer' }],
        [admin, 'DELETE', '/members/person_owner'],
        [admin, 'POST', '/invitations', { email: 'friend@example.com', role: 'owner' }],
        [developer, 'PATCH', `/members/${developer.person_id}`, { role: 'admin' }],
        [developer, 'DELETE', `/members/${person_id}`],
        [viewer, 'DELETE', `/members/${other.person_id}`],
        [developer, 'POST', '/invitations', { email: 'friend@example.com', role: 'developer' }],
        [developer, 'PATCH', '/organization', { name: 'Mine' }],
      ]
      for (const [person, method, path, body] of attempts) {
        const answer = await person.send(method, path, body)
        assert.equal(answer.statusCode, 403, `${method} ${path} ${answer.body}`)
      }
      assert.equal(await lastSeq(), before)
      const grant = { name: 'x', grants: [{ audience: `https://auth.example/admin/v1` }] }
      assert.equal(await statusOf(developer.send('POST', '/clients', grant)), 403)
    })

    it('changes roles and removes members, with what was before and after', async () => {
      const admin = await newMember('admin')
      const viewer = await newMember('viewer')
      const path = `/members/${viewer.person_id}`
      const changed = await admin.send('PATCH', path, { role: 'developer' })
      assert.deepEqual([changed.statusCode, changed.json().role], [200, 'developer'])
      const [entry] = await place.trail()
      assert.deepEqual(
        [entry?.action, entry?.before, entry?.after],
        ['member.role_changed', { role: 'viewer' }, { role: 'developer' }],
      )
      const again = await admin.send('PATCH', path, { role: 'developer' })
      assert.equal(again.statusCode, 200)
      assert.equal((await place.trail())[0]?.seq, entry?.seq)
      assert.equal(await statusOf(admin.send('DELETE', path)), 200)
      const [removal] = await place.trail()
      assert.equal(removal?.action, 'member.removed')
      assert.equal(removal?.target.id, viewer.person_id)
      assert.equal(await statusOf(viewer.send('GET', '/clients')), 403)
      assert.equal(await statusOf(admin.send('DELETE', path)), 404)
      assert.equal(await statusOf(admin.send('PATCH', path, { role: 'viewer' })), 404)
      // The trail that the admin API shows has it, in both environments.
      for (const environment of ['development', 'production'] as const) {
        const shown = await admin.send('GET', '/audit?limit=2', undefined, { environment })
        assert.deepEqual(
          shown.json().entries.map(({ action }: { action: string }) => action),
          ['member.removed', 'member.role_changed'],
        )
      }
    })

    it('leaves, whatever its role, except as the last owner', async () => {
      for (const role of ['viewer', 'developer', 'admin'] as const) {
        const person = await newMember(role)
        const answer = await person.send('DELETE', `/members/${person.person_id}`)
        assert.equal(answer.statusCode, 200, answer.body)
      }
      for (const [method, body] of [
        ['DELETE', undefined],
        ['PATCH', { role: 'admin' }],
      ] as const) {
        const answer = await owner.send(method, '/members/person_owner', body)
        assert.equal(answer.statusCode, 409, answer.body)
      }
      const second = await newMember('owner')
      const left = await Promise.all([
        statusOf(owner.send('DELETE', '/members/person_owner')),
        statusOf(second.send('DELETE', `/members/${second.person_id}`)),
      ])
      assert.deepEqual(left.sort(), [200, 409])
      const owners = (await store.listMembers(place.org_id)).filter(({ role }) => role === 'owner')
      assert.equal(owners.length, 1)
      // For the tests that follow.
      await place.sql("DELETE FROM {members} WHERE role = 'owner' AND org_id = ?", place.org_id)
      const text = "INSERT INTO {members} VALUES (?, 'person_owner', 'owner', '2026')"
      await place.sql(text, place.org_id)
    })

    it('invites, and sees invitations that can be accepted', async () => {
      const admin = await newMember('admin')
      const invite = (body: object) => admin.send('POST', '/invitations', body)
      const made = await invite({ email: ' New@Example.com ', role: 'developer' })
      assert.equal(made.statusCode, 201, made.body)
      const { invitation, link, mailed } = made.json()
      assert.deepEqual([invitation.email, mailed], ['new@example.com', false])
      assert.match(link, /^https:\/\/auth\.example\/console\/invitation#[\w-]{43}$/)
      assert.ok(!made.body.includes('digest'))
      const listed = (await admin.send('GET', '/invitations')).json().invitations
      assert.deepEqual(listed, [invitation])
      for (const [body, status] of [
        [{ email: 'owner@example.com', role: 'viewer' }, 409],
        [{ email: 'no address', role: 'viewer' }, 400],
        [{ email: 'a@b.example\r\nBcc: c@d.example', role: 'viewer' }, 400],
        [{ email: 'x@example.com', role: 'root' }, 400],
      ] as const) {
        assert.equal(await statusOf(invite(body)), status, JSON.stringify(body))
      }
      const headers = { 'idempotency-key': 'k' }
      const keyed = admin.send(
        'POST',
        '/invitations',
        { email: 'x@y.z', role: 'viewer' },
        { headers },
      )
      assert.equal(await statusOf(keyed), 400)
      place.clock.now += 8 * 86_400_000
      assert.deepEqual((await admin.send('GET', '/invitations')).json().invitations, [])
      place.clock.now -= 8 * 86_400_000
      const path = `/invitations/${invitation.invitation_id}`
      assert.equal(await statusOf(admin.send('DELETE', path)), 200)
      assert.equal(await statusOf(admin.send('DELETE', path)), 404)
      assert.equal((await place.trail())[0]?.action, 'invitation.revoked')
    })

    it('renames the organization, and reads the keys', async () => {
      const renamed = await owner.send('PATCH', '/organization', { name: 'Acme Ltd' })
      const { org_id } = place
      assert.deepEqual(renamed.json(), { org_id, name: 'Acme Ltd', environment: 'development' })
      const [entry] = await place.trail()
      assert.deepEqual([entry?.before, entry?.after], [{ name: 'Acme' }, { name: 'Acme Ltd' }])
      const { keys } = (await owner.send('GET', '/keys')).json()
      assert.ok(keys.some(({ state }: { state: string }) => state === 'active'))
      assert.ok(!JSON.stringify(keys).includes('sealed'))
    })

    it('does not get the replay of another person’s request', async () => {
      const [one, other] = [await newMember('admin'), await newMember('admin')]
      const sent = { headers: { 'idempotency-key': 'same' } }
      assert.equal(await statusOf(one.send('POST', '/clients', NEW_CLIENT, sent)), 201)
      const again = await one.send('POST', '/clients', NEW_CLIENT, sent)
      assert.equal(again.headers['idempotent-replay'], 'true')
      assert.equal(await statusOf(other.send('POST', '/clients', NEW_CLIENT, sent)), 409)
    })
  })
}
