/** What persons are written, by a real mail server. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type MailServerOptions, startMail } from '@modulariot/platform/testing/mail'
import { systemContext } from '../../admin/context.ts'
import { createOrganization } from '../../admin/installation.ts'
import { createInvitation, type InvitationDeps } from '../../people/invitations.ts'
import type { MailSettings } from '../../people/mail.ts'
import { renameOrganization } from '../../people/organizations.ts'
import { openSqliteAuthStore } from '../../store/sqlite/sqlite-store.ts'
import { type Answer, PASSWORD, startPeople } from '../../testing/people-server.ts'

const directory = mkdtempSync(join(tmpdir(), 'miot-mail-'))
const opened: { close(): unknown }[] = []
after(async () => {
  for (const one of opened.reverse()) await one.close()
  rmSync(directory, { recursive: true, force: true })
})

const ANA = 'ana@example.com'

async function startMailServer(options: MailServerOptions = {}) {
  const server = await startMail(options)
  opened.push(server)
  const settings: MailSettings = {
    ...{ host: '127.0.0.1', port: server.port, tls: 'none', auth: null },
    from: 'ModularIoT <miot@example.com>',
  }
  return { ...server, settings }
}

let databases = 0
async function start(options: Parameters<typeof startPeople>[1]) {
  const store = openSqliteAuthStore(join(directory, `${++databases}.db`))
  opened.push(store)
  const server = await startPeople(store, options)
  opened.push(server)
  /** The link's token, unless it is mailed. */
  async function invited(email: string, mailer: InvitationDeps['mailer']) {
    const by = systemContext({ store, digestKey: new Uint8Array(), now: Date.now })
    const [first = await createOrganization('Acme', by)] = await store.listOrganizations()
    const deps = { mailer, limits: null, linkOf: (token: string) => token }
    return (await createInvitation(first.org_id, { email, role: 'viewer' }, by, deps)).link
  }
  return { ...server, store, invited }
}

function tokenIn(text: string | undefined, page: string): string {
  const token =
    new RegExp(`https://auth\\.example/console/${page}#(\\S+)`).exec(text ?? '')?.[1] ?? ''
  assert.ok(token, String(text))
  return token
}

function comparable({ status, body, cookies }: Answer) {
  return { status, body, cookies }
}

describe('where mail is set', () => {
  it('a mailed invitation takes over an account that was never verified, and no other', async () => {
    const mail = await startMailServer()
    const { browser, invited, store } = await start({ mail: mail.settings, signUp: 'open' })
    const planted = { email: ANA, password: 'the stranger knows it', name: 'Eve' }
    await browser().post('/sign-up', planted)
    const token = tokenIn((await mail.received(1))[0]?.text, 'verify-email')
    await invited('org@example.com', null)
    const texts: string[] = []
    const mailer = { queue: ({ text }: { text: string }) => texts.push(text) > 0 }
    const shown = await invited(ANA, null)
    const body = { email: ANA, password: PASSWORD, name: 'Ana' }
    assert.equal((await browser().post('/sign-up', { ...body, invitation: shown })).status, 409)
    await invited(ANA, mailer)
    const invitation = /\n(m\.[\w-]{43})\n/.exec(texts[0] ?? '')?.[1]
    const joined = await browser().post('/sign-up', { ...body, invitation })
    assert.deepEqual([joined.status, joined.json?.person?.name], [201, 'Ana'], joined.body)
    const verified = await browser().post('/email/verify', { token, password: planted.password })
    assert.notEqual(verified.status, 200)
    assert.equal((await browser().post('/sign-in', planted)).status, 400)
    const stranger = { email: ANA, password: planted.password }
    assert.equal((await browser().post('/sign-in', stranger)).code, 'invalid_credentials')
    await store.accounts.run('DELETE FROM members', [])
    await invited(ANA, mailer)
    const second = /\n(m\.[\w-]{43})\n/.exec(texts[1] ?? '')?.[1]
    const again = await browser().post('/sign-up', { ...body, invitation: second })
    assert.deepEqual([again.status, again.code], [409, 'email_taken'])
  })

  it('names with the address of a page are refused, since they go into messages', async () => {
    const { browser, signedUp, invited, store } = await start({ signUp: 'open' })
    const person = { email: ANA, password: PASSWORD, name: 'Ana' }
    for (const text of ['https://evil.example', 'Win at WWW.evil.example', 'ｗｗｗ.evil.example']) {
      for (const field of ['name', 'organization_name']) {
        const { status, json } = await browser().post('/sign-up', { ...person, [field]: text })
        assert.equal(status, 400, text)
        assert.match(json.detail, new RegExp(`^${field} must not contain the address`))
      }
    }
    const ana = await signedUp(ANA)
    assert.equal((await ana.post('/organizations', { name: 'x://y' })).status, 400)
    await invited('x@example.com', null)
    const by = systemContext({ store, digestKey: new Uint8Array(), now: Date.now })
    const { org_id } = (await store.listOrganizations())[0] as { org_id: string }
    await assert.rejects(renameOrganization(org_id, 'www.evil.example', by), /address of a page/)
    await renameOrganization(org_id, 'Acme: awww, 1/2', by)
  })

  it('many who were invited sign up from one address', async () => {
    const { browser, invited, signedUp } = await start({})
    await signedUp(ANA)
    for (let count = 0; count < 12; count++) {
      const email = `p${count}@example.com`
      await signedUp(email, { invitation: await invited(email, null) })
    }
    const body = { email: 'x@example.com', password: PASSWORD, name: 'X', invitation: 'none' }
    assert.equal((await browser().post('/sign-up', body)).code, 'invitation_ended')
  })

  it('only a link that was mailed proves the address of a sign-up by invitation', async () => {
    const mail = await startMailServer()
    const { browser, invited } = await start({ mail: mail.settings })
    const owner = browser()
    await owner.post('/sign-up', { email: ANA, password: PASSWORD, name: 'Ana' })
    const texts: string[] = []
    assert.equal(
      await invited('bob@example.com', { queue: ({ text }) => texts.push(text) > 0 }),
      null,
    )
    const mailed = /\n(m\.[\w-]{43})\n/.exec(texts[0] ?? '')?.[1]
    const person = { password: PASSWORD, name: 'New' }
    const bob = { ...person, email: 'bob@example.com', invitation: mailed }
    const joined = await browser().post('/sign-up', bob)
    assert.deepEqual([joined.status, joined.json?.person?.email_verified], [201, true])
    const shown = await invited('cy@example.com', null)
    const cy = { ...person, email: 'cy@example.com', invitation: shown }
    const waits = await browser().post('/sign-up', cy)
    assert.deepEqual([waits.status, waits.json], [202, { verification: 'sent' }])
    const early = await browser().post('/sign-in', { email: cy.email, password: PASSWORD })
    assert.equal(early.code, 'email_not_verified')
  })

  it('an address is verified by the link, once, which signs in', async () => {
    const mail = await startMailServer()
    const { browser } = await start({ mail: mail.settings })
    const ana = browser()
    const body = { email: ANA, password: PASSWORD, name: 'Ana', organization_name: 'Acme' }
    const signedUp = await ana.post('/sign-up', body)
    assert.deepEqual([signedUp.status, signedUp.json], [202, { verification: 'sent' }])
    const early = await ana.post('/sign-in', { email: ANA, password: PASSWORD })
    assert.deepEqual([early.status, early.code], [403, 'email_not_verified'])
    const [first] = await mail.received(1)
    assert.equal(first?.to, ANA)
    const token = tokenIn(first?.text, 'verify-email')
    // One address has three places among the hashes.
    const many = [1, 2, 3]
    const answers = await Promise.all(
      many.map(() => browser().post('/email/verify', { token, password: PASSWORD })),
    )
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, 400, 400])
    assert.equal(
      (await browser().post('/email/verify', { token, password: PASSWORD })).code,
      'invalid_token',
    )
    assert.equal((await ana.post('/sign-in', { email: ANA, password: PASSWORD })).status, 200)
    assert.equal((await ana.get('/session')).json.organizations[0].name, 'Acme')
  })

  it('a link does not verify the account that a stranger made with the address', async () => {
    const mail = await startMailServer()
    const { browser } = await start({ mail: mail.settings, signUp: 'open' })
    const planted = { email: ANA, password: 'the stranger knows it', name: 'Ana' }
    await browser('198.51.100.9').post('/sign-up', planted)
    const ana = browser()
    await ana.post('/sign-up', { email: ANA, password: PASSWORD, name: 'Ana' })
    const [first] = await mail.received(2)
    const token = tokenIn(first?.text, 'verify-email')
    const refused = await ana.post('/email/verify', { token, password: PASSWORD })
    assert.deepEqual([refused.status, refused.code], [400, 'wrong_account_password'])
    assert.match(refused.json.detail, /forgot password/)
    assert.equal((await ana.post('/email/verify', { token })).status, 400)
    const { email, password } = planted
    const early = await browser().post('/sign-in', { email, password })
    assert.equal(early.code, 'email_not_verified')
    for (let guess = 1; guess < 10; guess++) {
      await ana.post('/email/verify', { token, password: `a guess, number ${guess}` })
    }
    const limited = await ana.post('/email/verify', { token, password })
    assert.equal(limited.code, 'too_many_requests')
    await ana.post('/password/reset-request', { email: ANA })
    const reset = tokenIn((await mail.received(3))[2]?.text, 'reset-password')
    await ana.post('/password/reset', { token: reset, new_password: PASSWORD })
    const own = await browser('192.0.2.2').post('/sign-in', { email: ANA, password: PASSWORD })
    assert.equal(own.status, 200)
    const again = await browser('198.51.100.9').post('/sign-in', { email, password })
    assert.equal(again.code, 'invalid_credentials')
  })

  it('a password is reset by the link, once, which ends all sessions', async () => {
    const mail = await startMailServer()
    const { browser } = await start({ mail: mail.settings })
    const ana = browser()
    await ana.post('/sign-up', { email: ANA, password: PASSWORD, name: 'Ana' })
    await ana.post('/email/verify', {
      token: tokenIn((await mail.received(1))[0]?.text, 'verify-email'),
      password: PASSWORD,
    })
    assert.equal((await ana.get('/session')).status, 200)
    const asked = await browser().post('/password/reset-request', { email: 'Ana@Example.com' })
    const unknown = await browser().post('/password/reset-request', { email: 'no@example.com' })
    assert.deepEqual(comparable(asked), comparable(unknown))
    assert.deepEqual([asked.status, asked.json], [202, {}])
    const token = tokenIn((await mail.received(2))[1]?.text, 'reset-password')
    const next = { token, new_password: 'a new battery staple' }
    const weak = await browser().post('/password/reset', { token, new_password: 'short' })
    assert.equal(weak.code, 'password_too_short')
    const own = await browser().post('/password/reset', { token, new_password: 'ANA@example.com' })
    assert.equal(own.code, 'password_guessable')
    assert.equal((await browser().post('/password/reset', next)).status, 200)
    assert.equal((await browser().post('/password/reset', next)).code, 'invalid_token')
    assert.equal((await ana.get('/session')).status, 401)
    assert.equal(
      (await ana.post('/sign-in', { email: ANA, password: next.new_password })).status,
      200,
    )
  })

  it('a new password also verifies the address, and creates the organization that waited', async () => {
    const mail = await startMailServer()
    const { browser } = await start({ mail: mail.settings, signUp: 'open' })
    const ana = browser()
    const body = { email: ANA, password: PASSWORD, name: 'Ana', organization_name: 'Acme' }
    await ana.post('/sign-up', body)
    await mail.received(1)
    await ana.post('/password/reset-request', { email: ANA })
    const token = tokenIn((await mail.received(2))[1]?.text, 'reset-password')
    const password = 'a new battery staple'
    await ana.post('/password/reset', { token, new_password: password })
    const signedIn = await ana.post('/sign-in', { email: ANA, password })
    assert.deepEqual(
      signedIn.json.organizations.map((one: Record<string, unknown>) => [one.name, one.role]),
      [['Acme', 'owner']],
    )
    const verify = { token: tokenIn(mail.messages[0]?.text, 'verify-email'), password }
    await browser().post('/email/verify', verify)
    const again = await browser('192.0.2.9').post('/sign-in', { email: ANA, password })
    assert.equal(again.json.organizations.length, 1)
  })

  it('signing up with a known address has the same answer, and writes to its person', async () => {
    const mail = await startMailServer()
    const { browser } = await start({ mail: mail.settings, signUp: 'open' })
    const body = { email: ANA, password: PASSWORD, name: 'Ana', organization_name: 'Acme' }
    const first = await browser().post('/sign-up', body)
    const again = await browser().post('/sign-up', { ...body, password: 'not the same one' })
    assert.deepEqual(comparable(first), comparable(again))
    const [, second] = await mail.received(2)
    assert.match(String(second?.text), /has an account\s+already/)
    const token = tokenIn(mail.messages[0]?.text, 'verify-email')
    const ana = browser()
    const verified = await ana.post('/email/verify', { token, password: PASSWORD })
    assert.deepEqual(
      verified.json.organizations.map((one: Record<string, unknown>) => [one.name, one.role]),
      [['Acme', 'owner']],
    )
    assert.equal((await ana.post('/organizations', { name: 'Second' })).status, 201)
    assert.equal((await ana.get('/session')).json.organizations.length, 2)
  })

  it('inviting an address does not show whether messages to its account were asked for', async () => {
    const mail = await startMailServer()
    const { browser, http } = await start({ mail: mail.settings })
    const owner = browser()
    await owner.post('/sign-up', { email: ANA, password: PASSWORD, name: 'Ana' })
    const token = tokenIn((await mail.received(1))[0]?.text, 'verify-email')
    await owner.post('/email/verify', { token, password: PASSWORD })
    for (let round = 0; round < 3; round++) {
      await browser('198.51.100.1').post('/password/reset-request', { email: 'No@example.com' })
    }
    const cookie = [...owner.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const { json } = await owner.get('/session')
    const invited = await http.inject({
      ...{ method: 'POST', url: '/admin/v1/invitations' },
      payload: { email: 'no@example.com', role: 'viewer' },
      headers: {
        ...{ cookie, 'sec-fetch-site': 'same-origin' },
        'miot-organization': json.organizations[0].org_id,
        'miot-environment': 'production',
      },
    })
    assert.equal(invited.statusCode, 429, invited.body)
  })

  it('what is no address gets the answer that any address gets', async () => {
    const { browser } = await start({ mail: (await startMailServer()).settings })
    for (const path of ['/password/reset-request', '/email/send-verification']) {
      for (const email of ['x', '', 'a\0b@example.com', `${'a'.repeat(300)}@example.com`]) {
        const { status, json } = await browser().post(path, { email })
        assert.deepEqual([status, json], [202, {}], `${path} ${email}`)
      }
    }
  })

  it('one recipient gets three messages at most, from any caller', async () => {
    const mail = await startMailServer()
    const { browser, server } = await start({ mail: mail.settings })
    await browser().post('/sign-up', { email: ANA, password: PASSWORD, name: 'Ana' })
    for (let round = 0; round < 5; round++) {
      const { status } = await browser(`198.51.100.${round}`).post('/email/send-verification', {
        email: ANA,
      })
      assert.equal(status, 202)
    }
    await mail.received(3)
    await server.close()
    assert.equal(mail.messages.length, 3)
  })

  it('a mail server without a certificate that can be verified gets nothing', async () => {
    const mail = await startMailServer({ secure: true })
    const errors: unknown[] = []
    const settings = { ...mail.settings, tls: 'from-start' as const }
    const { browser, server } = await start({
      mail: settings,
      onError: (error) => errors.push(error),
    })
    const { status } = await browser().post('/sign-up', {
      ...{ email: ANA, password: PASSWORD, name: 'Ana' },
    })
    assert.equal(status, 202)
    await server.close()
    assert.deepEqual(mail.messages, [])
    assert.match(String(errors[0]), /self.signed|certificate/i)
  })

  it('STARTTLS that the server does not offer sends nothing', async () => {
    const mail = await startMailServer({ disabledCommands: ['AUTH', 'STARTTLS'] })
    const errors: unknown[] = []
    const settings = { ...mail.settings, tls: 'starttls' as const }
    const { browser, server } = await start({
      mail: settings,
      onError: (error) => errors.push(error),
    })
    await browser().post('/sign-up', { email: ANA, password: PASSWORD, name: 'Ana' })
    await server.close()
    assert.deepEqual(mail.messages, [])
    assert.match(String(errors[0]), /STARTTLS|TLS/)
  })
})
