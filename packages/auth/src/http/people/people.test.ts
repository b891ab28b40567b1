/** The accounts of persons over HTTP, on both stores: what works, and what must not. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { systemContext } from '../../admin/context.ts'
import { createOrganizationOf } from '../../people/organizations.ts'
import { MAX_ORGANIZATIONS } from '../../people/own-organization.ts'
import { peopleSql } from '../../people/sql.ts'
import { openPostgresAuthStore } from '../../store/postgres/postgres-store.ts'
import { openSqliteAuthStore } from '../../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../../store/store.ts'
import { PASSWORD, startPeople, totp } from '../../testing/people-server.ts'

const postgres = await startPostgres()
const directory = mkdtempSync(join(tmpdir(), 'miot-people-'))
const opened: { close(): Promise<void> }[] = []
after(async () => {
  for (const one of opened.reverse()) await one.close()
  await postgres.stop()
  rmSync(directory, { recursive: true, force: true })
})

let databases = 0
const STORES: Readonly<Record<string, () => Promise<AuthStore>>> = {
  SQLite: async () => openSqliteAuthStore(join(directory, `${++databases}.db`)),
  PostgreSQL: async () => openPostgresAuthStore(await postgres.createDatabase()),
}

for (const [name, open] of Object.entries(STORES)) {
  async function start(options: Parameters<typeof startPeople>[1] = {}) {
    const store = await open()
    opened.push(store)
    const server = await startPeople(store, options)
    opened.push(server)
    return { ...server, store }
  }

  describe(`accounts on ${name}`, () => {
    it('sign up, sign out, sign in', async () => {
      const { browser, signedUp } = await start()
      const ana = await signedUp('Ana@Example.com', { organization_name: 'Acme' })
      const { json: session, headers } = await ana.get('/session')
      assert.equal(session.person.email, 'ana@example.com')
      assert.deepEqual(
        session.organizations.map((one: Record<string, unknown>) => [one.name, one.role]),
        [['Acme', 'owner']],
      )
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal((await browser().get('/session')).status, 401)

      const cookie = new Map(ana.jar)
      assert.equal((await ana.post('/sign-out')).status, 200)
      assert.equal(ana.jar.size, 0)
      const thief = browser()
      for (const [key, value] of cookie) thief.jar.set(key, value)
      assert.equal((await thief.get('/session')).status, 401)

      const again = await ana.post('/sign-in', { email: 'ana@example.com', password: PASSWORD })
      assert.equal(again.status, 200, again.body)
      assert.equal(again.json.person.name, 'Ana')
      assert.match(
        String(again.cookies[0]),
        /^__Host-miot_session=\w+\.[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure$/,
      )
    })

    it('only the first signs up by itself', async () => {
      const { browser, signedUp } = await start()
      const stranger = browser('192.0.2.9')
      const { json } = await stranger.get('/sign-up')
      assert.deepEqual(json, {
        ...{ mode: 'first', setup_code_required: false, mail: false },
        environments: ['development', 'production'],
      })
      await signedUp('ana@example.com')
      assert.equal((await stranger.get('/sign-up')).json.mode, 'invitation')
      const body = { email: 'eve@example.com', password: PASSWORD, name: 'Eve' }
      const refused = await stranger.post('/sign-up', body)
      assert.deepEqual([refused.status, refused.code], [403, 'sign_up_closed'])
    })

    it('a person creates organizations where everyone may, up to a number that the refusal names', async () => {
      const closed = await start()
      const ana = await closed.signedUp('ana@example.com')
      const refused = await ana.post('/organizations', { name: 'Second' })
      assert.deepEqual([refused.status, refused.code], [403, 'organizations_closed'])
      const { browser, store, signedUp } = await start({ signUp: 'open' })
      const bob = await signedUp('bob@example.com', { organization_name: 'First' })
      const made = await bob.post('/organizations', { name: 'Second' })
      assert.equal(made.status, 201, made.body)
      assert.equal(made.json.organizations.length, 2)
      const { person_id } = made.json.person
      const context = systemContext({ store, digestKey: new Uint8Array(32), now: Date.now })
      const person = { person_id, email: 'bob@example.com' }
      for (let more = 2; more < MAX_ORGANIZATIONS; more++) {
        await createOrganizationOf(person, `Number ${more}`, context)
      }
      const beyond = await bob.post('/organizations', { name: 'Beyond' })
      assert.deepEqual([beyond.status, beyond.code], [409, 'too_many_organizations'])
      assert.match(beyond.json.detail, new RegExp(`member of ${MAX_ORGANIZATIONS} organizations`))
      assert.equal(beyond.headers['retry-after'], undefined)
      assert.equal((await bob.get('/session')).json.organizations.length, MAX_ORGANIZATIONS)
      assert.equal((await browser().post('/organizations', { name: 'x' })).status, 401)
    })

    it('of two first accounts at the same time, one owns the installation', async () => {
      const { browser, store } = await start()
      const answers = await Promise.all(
        ['ana', 'bob', 'cy'].map((who) =>
          browser().post('/sign-up', {
            ...{ email: `${who}@example.com`, password: PASSWORD, name: who },
          }),
        ),
      )
      const statuses = answers.map(({ status }) => status).sort()
      assert.deepEqual(statuses, [201, 403, 403])
      const people = store.accounts.dialect === 'sqlite' ? 'people' : 'auth.people'
      assert.equal((await store.accounts.run(`SELECT id FROM ${people}`, [])).rows.length, 1)
    })

    it('a second factor: set up, needed, each code once', async () => {
      const server = await start()
      const ana = await server.signedUp('ana@example.com')
      const before = ana.jar.get('__Host-miot_session')
      const wrong = await ana.post('/two-factor', { password: 'wrong' })
      assert.deepEqual([wrong.status, wrong.code], [400, 'wrong_password'])
      const { json } = await ana.post('/two-factor', { password: PASSWORD })
      const bad = await ana.post('/two-factor/confirm', { code: '000000' })
      assert.deepEqual([bad.status, bad.code], [400, 'invalid_code'])
      const first = totp(json.totp_uri)
      const confirmed = await ana.post('/two-factor/confirm', { code: first })
      assert.equal(confirmed.json.person.two_factor_enabled, true, confirmed.body)
      assert.notEqual(ana.jar.get('__Host-miot_session'), before)

      const credentials = { email: 'ana@example.com', password: PASSWORD }
      const other = server.browser()
      const half = await other.post('/sign-in', credentials)
      assert.deepEqual(half.json, { two_factor: 'required' })
      assert.deepEqual([...other.jar.keys()], ['__Host-miot_second_factor'])
      assert.equal((await other.get('/session')).status, 401)
      const replayed = await other.post('/sign-in/two-factor', { code: first })
      assert.deepEqual([replayed.status, replayed.code], [400, 'invalid_code'])
      // The app's next code is accepted early, as the clocks of phones differ.
      const next = totp(json.totp_uri, Date.now() + 30_000)
      const done = await other.post('/sign-in/two-factor', { code: next })
      assert.equal(done.status, 200, done.body)
      assert.deepEqual([...other.jar.keys()], ['__Host-miot_session'])

      const [backup_code] = json.backup_codes
      for (const expected of [200, 400]) {
        const third = server.browser()
        await third.post('/sign-in', credentials)
        const { status } = await third.post('/sign-in/two-factor', { backup_code })
        assert.equal(status, expected)
      }
      const twice = await Promise.all(
        [1, 2].map(async () => {
          const one = server.browser()
          await one.post('/sign-in', credentials)
          return one.post('/sign-in/two-factor', { backup_code: json.backup_codes[1] })
        }),
      )
      assert.deepEqual(twice.map(({ status }) => status).sort(), [200, 400])

      const off = await ana.post('/two-factor/disable', { password: PASSWORD })
      assert.equal(off.json.person.two_factor_enabled, false, off.body)
    })

    it('a changed password ends the other sessions and renews this one', async () => {
      const server = await start()
      const ana = await server.signedUp('ana@example.com')
      const phone = server.browser()
      await phone.post('/sign-in', { email: 'ana@example.com', password: PASSWORD })
      const stolen = new Map(ana.jar)
      const change = { current_password: PASSWORD, new_password: 'another battery staple' }
      assert.equal((await ana.post('/password', change)).status, 200)
      assert.equal((await ana.get('/session')).status, 200)
      assert.equal((await phone.get('/session')).status, 401)
      const thief = server.browser()
      for (const [key, value] of stolen) thief.jar.set(key, value)
      assert.equal((await thief.get('/session')).status, 401)
    })

    it('sessions are listed and ended', async () => {
      const server = await start()
      const ana = await server.signedUp('ana@example.com')
      const phone = server.browser('2001:db8::7')
      await phone.post('/sign-in', { email: 'ana@example.com', password: PASSWORD })
      const { json } = await ana.get('/sessions')
      assert.deepEqual(
        json.sessions.map((one: Record<string, unknown>) => [one.current, one.address]).sort(),
        [
          [false, '2001:db8::7'],
          [true, '192.0.2.1'],
        ],
      )
      assert.ok(!JSON.stringify(json).includes('token'))
      const other = json.sessions.find((one: { current: boolean }) => !one.current)
      assert.equal((await ana.delete(`/sessions/${other.session_id}`)).status, 200)
      assert.equal((await ana.delete(`/sessions/${other.session_id}`)).status, 404)
      assert.equal((await phone.get('/session')).status, 401)
    })

    it('a person keeps the newest hundred sessions', async () => {
      const { browser, signedUp, store } = await start()
      const ana = await signedUp('ana@example.com')
      const { person_id } = (await ana.get('/session')).json.person
      const sql = peopleSql(store.accounts)
      const later = '2099-01-01T00:00:00.000Z'
      for (let index = 100; index < 200; index++) {
        // The one of signing up is the newest.
        const at = `2026-01-01T00:00:00.${index}Z`
        await sql(
          `INSERT INTO {people_sessions} (id, person_id, token, expires_at, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
          ...[`s${index}`, person_id, `t${index}`, later, at, at],
        )
      }
      const credentials = { email: 'ana@example.com', password: PASSWORD }
      assert.equal((await browser().post('/sign-in', credentials)).status, 200)
      const { rows } = await sql('SELECT id FROM {people_sessions}')
      const ids = rows.map(({ id }) => String(id)).filter((id) => /^s\d/.test(id))
      assert.deepEqual([rows.length, ids.length, ids.includes('s101')], [100, 98, false])
      assert.equal((await ana.get('/session')).status, 200)
    })

    it('ending a session or signing out ends the tokens too, with an entry', async () => {
      const server = await start()
      const { store } = server
      const ana = await server.signedUp('ana@example.com')
      const phone = server.browser()
      await phone.post('/sign-in', { email: 'ana@example.com', password: PASSWORD })
      const { json } = await ana.get('/sessions')
      const other = json.sessions.find((one: { current: boolean }) => !one.current)
      const state = async () => {
        const { revocations } = await store.readRevocations({
          ...{ after: null, limit: 10, nowSeconds: 0 },
        })
        const entries = (await store.listAudit({ before: null, limit: 100 })).filter(({ entry }) =>
          entry.includes('person.sessions_ended'),
        )
        return { cut: revocations.at(-1), entries: entries.length }
      }
      assert.deepEqual(await state(), { cut: undefined, entries: 0 })
      assert.equal((await ana.delete(`/sessions/${other.session_id}`)).status, 200)
      const first = await state()
      assert.equal(first.entries, 1)
      assert.ok(first.cut?.kind === 'client')
      assert.match(first.cut.client_id, /^person_/)
      assert.equal((await ana.delete('/sessions/unknown')).status, 404)
      assert.deepEqual(await state(), first)
      assert.equal((await ana.post('/sign-out')).status, 200)
      const second = await state()
      assert.equal(second.entries, 2)
      assert.ok(second.cut?.kind === 'client' && second.cut.issued_until > first.cut.issued_until)
      assert.equal((await ana.post('/sign-out')).status, 200)
      assert.deepEqual(await state(), second)
    })

    it('a disabled person is signed out at once, and told what a stranger is told', async () => {
      const { signedUp, browser, store } = await start()
      const ana = await signedUp('ana@example.com')
      const { json } = await ana.get('/session')
      const at = { at: new Date().toISOString(), actor: { kind: 'system' } } as const
      await store.updatePerson(json.person.person_id, () => ({
        disabled: true,
        audit: {
          ...at,
          ...{ action: 'person.disabled', target: { type: 'person', id: json.person.person_id } },
          ...{ org_id: null, environment: null, address: null, request_id: null },
          ...{ idempotency: null, before: null, after: null },
        },
      }))
      assert.equal((await ana.get('/session')).status, 401)
      const own = await browser().post('/sign-in', {
        ...{ email: 'ana@example.com', password: PASSWORD },
      })
      const stranger = await browser().post('/sign-in', {
        ...{ email: 'nobody@example.com', password: PASSWORD },
      })
      const known = ({ json: { request_id: _, ...rest } }: typeof own) => rest
      assert.deepEqual([own.status, known(own)], [401, known(stranger)])
    })
  })
}
