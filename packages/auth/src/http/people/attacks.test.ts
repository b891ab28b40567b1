/** What strangers and thieves try at the accounts of persons. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { signCookie } from '../../people/session-cookie.ts'
import { setupCode } from '../../people/setup-code.ts'
import { openPostgresAuthStore } from '../../store/postgres/postgres-store.ts'
import { openSqliteAuthStore } from '../../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../../store/store.ts'
import { type Answer, KEYS, PASSWORD, startPeople } from '../../testing/people-server.ts'

const postgres = await startPostgres()
const directory = mkdtempSync(join(tmpdir(), 'miot-attacks-'))
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

const SESSION = '__Host-miot_session'
const ANA = 'ana@example.com'

/** Without what differs between any two answers. */
function comparable({ status, json, cookies }: Answer) {
  const { request_id: _, ...rest } = json
  return { status, rest, cookies }
}

for (const [name, open] of Object.entries(STORES)) {
  async function start(options: Parameters<typeof startPeople>[1] = {}) {
    const store = await open()
    opened.push(store)
    const server = await startPeople(store, options)
    opened.push(server)
    const tables = store.accounts.dialect === 'sqlite' ? '' : 'auth.'
    return { ...server, store, tables }
  }

  describe(`attacks at the accounts on ${name}`, () => {
    it('guesses at passwords end after ten, and only where they come from', async () => {
      const { signedUp, browser } = await start()
      await signedUp(ANA)
      const guesser = browser('198.51.100.1')
      const statuses: number[] = []
      for (let guess = 0; guess < 12; guess++) {
        const { status, headers } = await guesser.post('/sign-in', { email: ANA, password: 'no' })
        statuses.push(status)
        if (status === 429) assert.ok(Number(headers['retry-after']) > 10)
      }
      assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429])
      const right = { email: ANA, password: PASSWORD }
      assert.equal((await guesser.post('/sign-in', right)).status, 429)
      assert.equal((await browser('198.51.100.2').post('/sign-in', right)).status, 200)
    })

    it('a flood of sign-ins from one address keeps no other out', async () => {
      const { signedUp, browser } = await start()
      await signedUp(ANA)
      const flood = Array.from({ length: 25 }, (_, index) =>
        browser('2001:db8::1').post('/sign-in', { email: `${index}@example.com`, password: 'no' }),
      )
      const right = browser('2001:db8:0:1::1').post('/sign-in', { email: ANA, password: PASSWORD })
      const statuses = (await Promise.all(flood)).map(({ status }) => status)
      assert.equal((await right).status, 200)
      assert.deepEqual(new Set(statuses), new Set([401, 429]))
    })

    it('an unknown address has the answer of a wrong password, for the same work', async () => {
      const { signedUp, browser } = await start()
      await signedUp(ANA)
      const times: Record<string, number[]> = { [ANA]: [], 'nobody@example.com': [] }
      const answers: Answer[] = []
      for (let round = 0; round < 8; round++) {
        for (const [email, taken] of Object.entries(times)) {
          const one = browser(`198.51.100.${round}`)
          const start = process.cpuUsage()
          answers.push(await one.post('/sign-in', { email, password: 'wrong' }))
          const { user, system } = process.cpuUsage(start)
          taken.push((user + system) / 1000)
        }
      }
      for (const answer of answers) {
        assert.deepEqual(comparable(answer), comparable(answers[0] as Answer))
      }
      const [known, unknown] = Object.values(times).map((taken) => Math.min(...taken))
      // Nearly all of it is one hash; without it, an answer would take a tenth. CPU time of this
      // process, which other load on the machine hardly affects.
      const ratio = (known as number) / (unknown as number)
      assert.ok(ratio > 0.6 && ratio < 1.7, `${known} ms of CPU, ${unknown} ms`)
    })

    it('a cookie that is altered, signed by another, or doubled opens nothing', async () => {
      const { signedUp, browser } = await start()
      const ana = await signedUp(ANA)
      const cookie = String(ana.jar.get(SESSION))
      const [token = '', signature = ''] = cookie.split('.')
      const foreign = { inUse: new Uint8Array(32), other: null }
      const altered = [
        ...[token, `${token}.`, `.${signature}`, `${token}x.${signature}`],
        `${token}.${signature.slice(0, -2)}`,
        `${token.toLowerCase()}.${signature}`,
        signCookie(token, foreign),
        signCookie('unknown', { inUse: KEYS.sessionCookie, other: null }),
        `${cookie}; ${SESSION}=${cookie}`,
      ]
      for (const value of altered) {
        const thief = browser()
        thief.jar.set(SESSION, value)
        assert.equal((await thief.get('/session')).status, 401, value)
      }
      assert.equal((await ana.get('/session')).status, 200)
    })

    it('a session that was there before signing in is not the one after', async () => {
      const { signedUp, browser } = await start()
      const ana = await signedUp(ANA)
      const planted = String(ana.jar.get(SESSION))
      const victim = browser()
      victim.jar.set(SESSION, planted)
      await victim.post('/sign-in', { email: ANA, password: PASSWORD })
      assert.notEqual(victim.jar.get(SESSION), planted)
    })

    it('a session ends when idle for 12 hours, and after 7 days whatever happens', async () => {
      const { signedUp, store, tables } = await start()
      const ana = await signedUp(ANA)
      const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
      const mark = store.accounts.dialect === 'sqlite' ? ['?', '?', '?'] : ['$1', '$2', '$3']
      const set = (created: number, updated: number, expires: number) =>
        store.accounts.run(
          `UPDATE ${tables}people_sessions SET created_at = ${mark[0]}, updated_at = ${mark[1]}, expires_at = ${mark[2]}`,
          [created, updated, expires].map(hoursAgo),
        )
      await set(100, 2, -10)
      const { json } = await ana.get('/session')
      assert.ok(Date.parse(json.expires_at) - Date.now() > 11.9 * 3_600_000, 'it is extended')
      await set(165, 2, -10)
      const last = (await ana.get('/session')).json
      assert.ok(Date.parse(last.expires_at) - Date.now() < 3.1 * 3_600_000, 'to its end')
      await set(169, 0, -10)
      assert.equal((await ana.get('/session')).status, 401)
      await set(13, 13, 1)
      assert.equal((await ana.get('/session')).status, 401)
    })

    it('other pages are refused, before the body is read', async () => {
      const { signedUp, browser } = await start()
      const ana = await signedUp(ANA)
      const body = { current_password: PASSWORD, new_password: 'taken over by eve' }
      const none = undefined as unknown as string
      const origins: Record<string, string>[] = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: 'https://www.auth.example' },
        { 'sec-fetch-site': 'none' },
        { 'sec-fetch-site': 'same-origin', origin: 'https://rebound.example' },
        { 'sec-fetch-site': none, origin: 'https://evil.example' },
        { 'sec-fetch-site': none, origin: 'null' },
        { 'sec-fetch-site': none },
      ]
      for (const headers of origins) {
        const sent = { headers: { 'content-type': 'application/json', ...headers } }
        const { status, code } = await ana.post('/password', body, {
          ...{ payload: JSON.stringify(body) },
          ...sent,
        })
        assert.deepEqual([status, code], [403, 'cross_site'], JSON.stringify(headers))
      }
      const login = await browser().post('/sign-in', { email: ANA, password: PASSWORD })
      assert.equal(login.status, 200)
    })

    it('odd bodies are refused and change nothing', async () => {
      const { browser, signedUp } = await start()
      await signedUp(ANA)
      const bodies: [string, Record<string, string>, number][] = [
        [`{"email":"${ANA}","password":"${PASSWORD}","__proto__":{"admin":true}}`, {}, 400],
        [`{"email":"${ANA}","password":"a","password":"${PASSWORD}"}`, {}, 400],
        [`{"email":"${ANA}","password":"${PASSWORD}","rememberMe":false}`, {}, 400],
        [`{"email":["${ANA}"],"password":"${PASSWORD}"}`, {}, 400],
        [`{"email":"${ANA}","password":"${'x'.repeat(1_000_000)}"}`, {}, 413],
        ['[]', {}, 400],
        ['', {}, 400],
        ['{', {}, 400],
        [`email=${ANA}`, { 'content-type': 'application/x-www-form-urlencoded' }, 415],
        [`{"email":"${ANA}"}`, { 'content-type': 'text/plain' }, 415],
        [`{"email":"${ANA}"}`, { 'content-encoding': 'gzip' }, 415],
      ]
      for (const [payload, headers, expected] of bodies) {
        const sent = { payload, headers: { 'content-type': 'application/json', ...headers } }
        const answer = await browser().post('/sign-in', null, sent)
        assert.equal(answer.status, expected, payload.slice(0, 80) + answer.body)
        assert.match(String(answer.headers['content-type']), /problem\+json/)
        assert.ok(!answer.body.includes(PASSWORD))
      }
    })

    it('U+0000 finds nothing, and does not reach the database', async () => {
      const { browser, signedUp } = await start()
      const ana = await signedUp(ANA)
      assert.equal((await ana.delete('/sessions/%00')).status, 404)
      const answers = [
        await browser().post('/sign-in', { email: `\0${ANA}`, password: PASSWORD }),
        await browser().post('/email/verify', { token: 'a\0b' }),
        await browser().post('/password/reset', { token: 'a\0b', new_password: `${PASSWORD}2` }),
        await ana.post('/password', { current_password: 'a\0b', new_password: `${PASSWORD}2` }),
        await ana.post('/invitations/look-up', { token: 'a\0b' }),
      ]
      for (const { status, body } of answers) assert.ok(status >= 400 && status < 500, body)
    })

    it('off loopback the first account needs the setup code', async () => {
      const { browser } = await start({ setupCodeRequired: true })
      const body = { email: ANA, password: PASSWORD, name: 'Ana' }
      const eve = browser('198.51.100.7')
      assert.equal((await eve.get('/sign-up')).json.setup_code_required, true)
      for (const setup_code of [undefined, '', 'AAAA-AAAA-AAAA-AAAA']) {
        const { status, code } = await eve.post('/sign-up', { ...body, setup_code })
        assert.deepEqual([status, code], [403, 'wrong_setup_code'])
      }
      const setup_code = setupCode(KEYS.setupCode).toLowerCase().replaceAll('-', ' ')
      assert.equal((await browser().post('/sign-up', { ...body, setup_code })).status, 201)
      const again = await eve.post('/sign-up', { ...body, email: 'eve@example.com', setup_code })
      assert.deepEqual([again.status, again.code], [403, 'sign_up_closed'])
    })

    it('guessable passwords are refused', async () => {
      const { browser } = await start()
      const attempt = async (password: string) =>
        (await browser().post('/sign-up', { email: ANA, password, name: 'Ana' })).code
      assert.equal(await attempt('elevenchars'), 'password_too_short')
      assert.equal(await attempt('x'.repeat(129)), 'password_too_long')
      assert.equal(await attempt('Ana@example.com'), 'password_guessable')
      assert.equal(await attempt('passwordpass'), 'password_guessable')
      assert.equal(await attempt('😀'.repeat(11)), 'password_too_short')
    })

    it('a store that is unavailable is 503, never a wrong password', async () => {
      const store = await open()
      opened.push(store)
      const { run, dialect } = store.accounts
      let fails = false
      const accounts: AuthStore['accounts'] = {
        dialect,
        run: async (text, parameters) => {
          if (fails) throw new StoreUnavailable('no disk')
          return run(text, parameters)
        },
      }
      const server = await startPeople({ ...store, accounts })
      opened.push(server)
      const { signedUp, browser } = server
      const ana = await signedUp(ANA)
      fails = true
      const answers = [
        await browser().post('/sign-in', { email: ANA, password: PASSWORD }),
        await ana.get('/session'),
        await ana.post('/password', { current_password: PASSWORD, new_password: `${PASSWORD}2` }),
      ]
      assert.deepEqual(
        answers.map(({ status }) => status),
        [503, 503, 503],
        answers.map(({ body }) => body).join(),
      )
      fails = false
      assert.equal((await ana.get('/session')).status, 200)
    })
  })
}
