/** Refused requests with cause and remedy, and the Token lab. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { RunningServer } from '../../../conformance/support/running-server.ts'
import { startConsole } from './server.ts'
import {
  closeByEscape,
  lookAt,
  openBrowser,
  openPage,
  PASSWORD,
  reasonToSkip,
  signUp,
} from './support.ts'

describe('activity', { skip: reasonToSkip() }, () => {
  let server: RunningServer
  let browser: Browser
  let owner: Page
  let faults: readonly string[]
  let place: string
  before(async () => {
    server = await startConsole()
    browser = await openBrowser()
    ;({ page: owner, faults } = await openPage(browser))
    await signUp(owner, server.url)
    place = owner.url().replace(/\/start.*/, '')
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  const open = (path: string) => owner.goto(`${place}/${path}`)

  async function login(changes: Record<string, string> = {}): Promise<Response> {
    return fetch(`${server.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'truck/1.0' },
      body: JSON.stringify({ ...server.credentials, ...changes }),
    })
  }

  it('says what will be here', async () => {
    await open('activity')
    await owner.getByText('No request was refused').waitFor()
    await owner.getByText('Never used', { exact: true }).waitFor()
    await lookAt(owner, 'activity-empty')
  })

  it('shows a refused login with its cause and remedy, at its own address', async () => {
    await open('activity')
    await owner.getByText('No request was refused').waitFor()
    // Well-formed, and of another application.
    const { stdout } = await server.miot(['clients', 'create', '--name', 'Truck 12', '--json'])
    const { client_secret: wrong }: { client_secret: string } = JSON.parse(stdout)
    const refused = await login({ client_secret: wrong })
    assert.equal(refused.status, 401)
    await login({ audience: 'https://other.example' })
    await login({ client_id: 'client_of_another_installation' })
    const { access_token } = (await (await login()).json()) as { access_token: string }
    const report = { asset_id: 'TRUCK-1', timestamp: 'yesterday' }
    await fetch(`${server.url}/v1/asset/track`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${access_token}`,
        'content-type': 'application/json',
        'x-request-id': 'r-1',
        'x-request-timestamp': String(Math.floor(Date.now() / 1000)),
      },
      body: JSON.stringify(report),
    })
    // The open page follows by itself.
    await owner.getByRole('link', { name: /^Wrong secret/ }).waitFor()
    await owner.getByRole('link', { name: /^Report has a fault/ }).waitFor()
    await open('activity?period=24h')
    const row = owner.getByRole('link', { name: /^Wrong secret/ })
    await row.getByText('First application').waitFor()
    await owner.getByRole('button', { name: /^Wrong secret/ }).waitFor()
    await lookAt(owner, 'activity')
    // One refusal: everything about the request, and what to do.
    await row.click()
    await owner.waitForURL(/refusal=/)
    const panel = owner.getByRole('dialog')
    await panel.getByText('the secret that was sent is none of its secrets').waitFor()
    await panel.getByText('rotate it: the new one is shown once').waitFor()
    await panel.getByText(refused.headers.get('x-request-id') ?? '', { exact: true }).waitFor()
    await panel.getByText('POST /api/v1/login').waitFor()
    await panel.getByText('truck/1.0').waitFor()
    await panel.getByText(/UTC$/).waitFor()
    assert.ok(!(await owner.content()).includes(wrong.slice(-12)))
    await lookAt(owner, 'activity-refusal')
    // Its address leads to it from elsewhere, also without the list.
    const address = owner.url()
    await open('applications')
    await owner.goto(`${address}&kind=unknown_client`)
    await panel.getByText('the secret that was sent is none of its secrets').waitFor()
    await panel.getByRole('link', { name: 'Rotate the secret' }).click()
    // Not the panel, which has a link of that name and stays until the other page is there.
    await owner.getByRole('dialog', { name: 'Rotate the secret' }).waitFor()
    await closeByEscape(owner)
    // On the page of the application, too.
    await owner.getByRole('link', { name: /^Wrong secret/ }).waitFor()
    await owner.getByText('When needed').first().waitFor()
    await lookAt(owner, 'application-activity')
    await owner.getByRole('link', { name: 'All of its refusals' }).click()
    await owner.waitForURL(/client=/)
    await owner.getByRole('link', { name: /^Wrong audience/ }).waitFor()
    assert.equal(await owner.getByRole('link', { name: /^Unknown application/ }).count(), 0)
    await lookAt(owner, 'activity-of-one')
    // The numbers of the chart, as a table.
    await owner.getByText('Show as a table').last().click()
    await owner.getByRole('columnheader', { name: 'Wrong secret' }).waitFor()
    assert.deepEqual(faults, [])
  })

  it('opens the applications that need a look', async () => {
    await open('activity')
    await owner.getByRole('link', { name: /Failing/ }).click()
    await owner.waitForURL(/needs=failing/)
    await owner.getByRole('link', { name: 'First application', exact: true }).waitFor()
    await lookAt(owner, 'applications-failing')
    await owner.getByRole('button', { name: 'Secret ends soon' }).click()
    await owner.getByText('No application matches').waitFor()
    assert.deepEqual(faults, [])
  })

  it('shows the head of the trail, whose signature the page has checked', async () => {
    await open('trail')
    await owner.getByText('Signature holds').waitFor()
    await lookAt(owner, 'trail-chain')
    assert.deepEqual(faults, [])
  })

  it('explains in the first minute what arrived instead', async () => {
    await open('start')
    await owner.getByRole('button', { name: 'Create and show the credentials' }).click()
    await owner.getByText('2. Paste it').waitFor()
    const client_id = await owner.locator('dd code').first().innerText()
    const { audience } = server.credentials
    await login({ client_id, client_secret: `miot_dev_${'A'.repeat(43)}`, audience })
    await owner.getByText('This arrived instead').waitFor()
    await owner.getByText(/^(Wrong secret|Not a secret)$/).waitFor()
    await owner.getByLabel('I have saved the secret').check()
    await lookAt(owner, 'start-refused')
    assert.deepEqual(faults, [])
  })

  it('verifies a token in the page, and sends it nowhere', async () => {
    const requests: string[] = []
    owner.on('request', (request) => {
      requests.push(`${request.url()} ${request.postData()} ${request.headers().authorization}`)
    })
    await open('token-lab')
    await owner.getByText('No token yet').waitFor()
    await lookAt(owner, 'token-lab-empty')
    const { access_token } = (await (await login()).json()) as { access_token: string }
    const field = owner.getByLabel('Access token')
    await field.fill(access_token)
    await owner.getByText('It would be accepted').waitFor()
    await owner.locator('[data-check=signature][data-outcome=passed]').waitFor()
    await lookAt(owner, 'token-lab')
    // One letter of the claims.
    const [head = '', payload = '', signature = ''] = access_token.split('.')
    const claims = Buffer.from(payload, 'base64url').toString().replace('development', 'production')
    await field.fill(`${head}.${Buffer.from(claims).toString('base64url')}.${signature}`)
    await owner.getByText('It would be refused').waitFor()
    await owner.locator('[data-check=signature][data-outcome=failed]').waitFor()
    await owner.getByText('The signature was not confirmed').waitFor()
    await lookAt(owner, 'token-lab-changed')
    for (const text of [access_token, payload, signature]) {
      assert.ok(!requests.some((one) => one.includes(text)))
    }
  })

  it('mints a test token, and explains why a login is refused', async () => {
    const { client_id, client_secret } = server.credentials
    await open('token-lab')
    await owner.getByLabel('client_id').fill(client_id)
    const secret = owner.getByRole('textbox', { name: 'client_secret' })
    await secret.fill(`${client_secret}x`)
    await owner.getByRole('button', { name: 'Mint' }).click()
    await owner.getByText(/^(Wrong secret|Not a secret)$/).waitFor()
    await lookAt(owner, 'token-lab-mint-refused')
    await secret.fill(client_secret)
    await owner.getByRole('button', { name: 'Mint' }).click()
    await owner.getByText('It would be accepted').waitFor()
    await open('activity')
    await owner.getByRole('heading', { name: 'Activity' }).waitFor()
    const kept = await owner.evaluate(() =>
      JSON.stringify([
        document.documentElement.outerHTML,
        { ...localStorage },
        { ...sessionStorage },
        location.href,
      ]),
    )
    assert.ok(!kept.includes(client_secret.slice(-12)))
    assert.deepEqual(faults, [])
  })

  it('speaks Spanish, and tells a developer why production is not shown', async () => {
    await open('members')
    await owner.getByRole('button', { name: 'Invite' }).click()
    const dialog = owner.getByRole('dialog')
    await dialog.getByLabel('Email').fill('luis@example.cl')
    await dialog.getByLabel('Role').selectOption('developer')
    await dialog.getByRole('button', { name: 'Invite' }).click()
    await dialog.getByRole('button', { name: 'Show the link' }).click()
    const link = await dialog.getByText(/\/console\/invitation#/).innerText()
    const { page: developer, context } = await openPage(browser, {
      timezoneId: 'America/Santiago',
    })
    await developer.goto(link)
    await developer.getByLabel('Name').fill('Luis Soto')
    await developer.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
    await developer.getByRole('button', { name: 'Create the account and join' }).click()
    await developer.getByRole('heading', { name: 'Applications' }).waitFor()
    await developer.evaluate(() => localStorage.setItem('miot.language', 'es'))
    await login({ audience: 'https://other.example' })
    await developer.goto(`${place}/activity`)
    await developer
      .getByRole('link', { name: /^Audience incorrecta/ })
      .first()
      .click()
    await developer.getByText('se compara letra por letra').waitFor()
    await closeByEscape(developer)
    await developer.waitForURL((url) => !url.search.includes('refusal'))
    await lookAt(developer, 'activity-es')
    const production = place.replace('development', 'production')
    for (const name of ['token-lab', 'activity']) {
      await developer.goto(`${production}/${name}`)
      await developer.getByText('Tu rol no lo permite').waitFor()
    }
    await lookAt(developer, 'activity-forbidden')
    await context.close()
  })
})
