/** What a person does with applications, members and their own account. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
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

const skip = reasonToSkip()

describe('the console', { skip }, () => {
  let server: RunningServer
  let browser: Browser
  let owner: Page
  let faults: readonly string[]
  before(async () => {
    server = await startConsole()
    browser = await openBrowser()
    ;({ page: owner, faults } = await openPage(browser))
    await signUp(owner, server.url)
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  const open = (path: string) => owner.goto(`${placeOf(owner)}/${path}`)

  it('creates, finds, changes, disables and deletes an application', async () => {
    await open('applications')
    await owner.getByRole('button', { name: 'Create application' }).first().click()
    const dialog = owner.getByRole('dialog')
    await dialog.getByLabel('Name').fill('Truck 12')
    await dialog.getByLabel('Tags').fill('north, trucks')
    // The API for telemetry is chosen, not the first one.
    const audience = await dialog.getByLabel('API (audience)').inputValue()
    assert.equal(audience, server.credentials.audience)
    await dialog.getByText('Do the same from a terminal').click()
    await dialog.getByText("miot clients create --name 'Truck 12'").waitFor()
    await dialog.getByRole('button', { name: 'Create application' }).click()
    await dialog.getByText('Credentials of Truck 12').waitFor()
    // It closes only once the secret is saved.
    await owner.keyboard.press('Escape')
    await dialog.getByLabel('I have saved the secret').check()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await owner.getByRole('heading', { name: 'Truck 12' }).waitFor()
    // Filters are in the address, and the server applies them.
    await open('applications?tag=north')
    await owner.getByRole('link', { name: 'Truck 12' }).waitFor()
    assert.equal(await owner.getByRole('link', { name: 'First application' }).count(), 0)
    await open('applications')
    await owner.getByLabel('Search name').fill('truck')
    await owner.waitForURL(/search=truck/)
    await owner.getByRole('link', { name: 'Truck 12' }).click()
    // The allowlist, with the reader's own address.
    await owner.getByRole('button', { name: 'Edit the allowed addresses' }).click()
    await dialog.getByLabel('Mode').selectOption('enforce')
    await dialog.getByRole('button', { name: 'Add your own address, 127.0.0.1' }).click()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await owner.getByText('Saved', { exact: true }).waitFor()
    // Disable, and delete with its name typed.
    await owner.getByRole('button', { name: 'More actions' }).click()
    await owner.getByRole('menuitem', { name: 'Disable' }).click()
    // The focus is in the dialog, on what is not risky, and after it on what opened it.
    await dialog.getByRole('button', { name: 'Cancel' }).and(owner.locator(':focus')).waitFor()
    await closeByEscape(owner)
    const more = owner.getByRole('button', { name: 'More actions' })
    await more.and(owner.locator(':focus')).waitFor()
    await more.press('Enter')
    await owner.getByRole('menuitem', { name: 'Disable' }).click()
    await dialog.getByRole('button', { name: 'Disable' }).click()
    await owner.getByText('Disabled: it gets no tokens').waitFor()
    await owner.getByText('The login would be refused: Application disabled').waitFor()
    await owner.getByText('401 access_denied: Unauthorized').waitFor()
    await owner.getByRole('button', { name: 'More actions' }).click()
    await owner.getByRole('menuitem', { name: 'Delete' }).click()
    const remove = dialog.getByRole('button', { name: 'Delete' })
    assert.equal(await remove.getAttribute('aria-disabled'), 'true')
    await dialog.getByLabel('Type Truck 12 to confirm').fill('Truck 12')
    await remove.click()
    await owner.getByText('Truck 12 is deleted.').waitFor()
    await owner.getByRole('heading', { name: 'Applications' }).waitFor()
    const { stdout } = await server.miot(['clients', 'list', '--search', 'Truck 12', '--json'])
    assert.doesNotMatch(stdout, /Truck 12/)
  })

  it('rotates a secret with overlap, and ends the old one', async () => {
    const { client_id } = server.credentials
    await open(`applications/${client_id}`)
    await owner.getByRole('button', { name: 'Rotate' }).click()
    const dialog = owner.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    await dialog.getByText('The new secret').waitFor()
    await dialog.getByRole('button', { name: 'Show client_secret' }).click()
    const client_secret = await dialog.getByText(/^miot_dev_\w{20,}$/).innerText()
    await dialog.getByLabel('I have saved the secret').check()
    await dialog.getByRole('button', { name: 'Done' }).click()
    // Both work now.
    assert.equal(await logIn(server, server.credentials.client_secret), 200)
    assert.equal(await logIn(server, client_secret), 200)
    await owner.getByText('Ends in 6 days').or(owner.getByText('Ends in 7 days')).waitFor()
    await owner
      .getByText(/Last used .* from 127\.0\.0\.1/)
      .first()
      .waitFor()
    await owner.getByText(`its last characters are ${client_secret.slice(-4)}`).waitFor()
    await tryOut(owner, client_id)
    await owner.getByRole('button', { name: 'End now' }).first().click()
    await dialog.getByRole('button', { name: 'End now' }).click()
    await owner.getByText('The secret has ended.').waitFor()
    assert.equal(await logIn(server, server.credentials.client_secret), 401)
    assert.equal(await logIn(server, client_secret), 200)
  })

  it('invites a viewer, who sees why the buttons do nothing', async () => {
    await open('members')
    await owner.getByRole('button', { name: 'Invite' }).click()
    const dialog = owner.getByRole('dialog')
    await dialog.getByLabel('Email').fill('luis@example.cl')
    await dialog.getByLabel('Role').selectOption('viewer')
    await dialog.getByRole('button', { name: 'Invite' }).click()
    await dialog.getByText('luis@example.cl is invited').waitFor()
    await dialog.getByRole('button', { name: 'Show the link' }).click()
    const link = await dialog.getByText(/\/console\/invitation#/).innerText()
    await dialog.getByRole('button', { name: 'Done' }).click()
    const { page: viewer, context } = await openPage(browser)
    const requested: string[] = []
    viewer.on('request', (request) => requested.push(request.url()))
    await viewer.goto(link)
    await viewer.getByText('Join Transportes Sur').waitFor()
    assert.doesNotMatch(viewer.url(), /#./)
    await viewer.getByLabel('Name').fill('Luis Soto')
    await viewer.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
    await viewer.getByRole('button', { name: 'Create the account and join' }).click()
    const create = viewer.getByRole('button', { name: 'Create application' })
    await create.waitFor()
    assert.equal(await create.getAttribute('aria-disabled'), 'true')
    await create.focus()
    await viewer.getByRole('tooltip').getByText('As Viewer you may not do this').waitFor()
    await viewer.getByLabel('Select First application').check()
    const disable = viewer.getByRole('button', { name: 'Disable …', exact: true })
    assert.equal(await disable.getAttribute('aria-disabled'), 'true')
    await viewer.goto(`${placeOf(viewer)}/applications/import`)
    const choose = viewer.getByRole('button', { name: 'Choose a file' })
    await choose.waitFor()
    assert.equal(await choose.getAttribute('aria-disabled'), 'true')
    await viewer.getByText('As Viewer you may not do this').first().waitFor()
    const token = new URL(link).hash.slice(1)
    assert.ok(requested.length > 0 && !requested.some((url) => url.includes(token)))
    await context.close()
  })

  it('turns the second factor on, and asks for it at the next sign-in', async () => {
    await owner.goto(`${server.url}/console/account`)
    await owner.getByRole('button', { name: 'Turn on' }).click()
    const dialog = owner.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('img', { name: 'QR code' }).waitFor()
    await dialog.getByRole('button', { name: 'Show Key to type in' }).click()
    const secret = await dialog.getByText(/^[A-Z2-7]{16,}$/).innerText()
    await dialog.getByLabel('I have saved the backup codes').check()
    await dialog.getByLabel('Code', { exact: true }).fill(totp(secret, 0))
    await dialog.getByRole('button', { name: 'Turn on' }).click()
    await owner.getByText('The second factor is on.').waitFor()
    const { page, context, faults: faultsThere } = await openPage(browser)
    await page.goto(`${server.url}/console/account`)
    await page.getByLabel('Email').fill('ana@example.cl')
    await page.getByRole('textbox', { name: 'Password' }).fill('not the password')
    await page.keyboard.press('Enter')
    await page.getByText('The email or the password is wrong.').waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
    await page.keyboard.press('Enter')
    // A code works once, so the next one is due.
    await page.getByLabel('Code').fill(totp(secret, 1))
    await page.keyboard.press('Enter')
    await page.getByText('This one').waitFor()
    // Ending the other session there leads this browser to the sign-in, and back where it was.
    await page.getByRole('button', { name: 'End all others' }).click()
    await page.getByText('All other sessions have ended.').waitFor()
    await owner.getByRole('link', { name: 'Members' }).click()
    await owner.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.match(owner.url(), /next=/)
    // Signing out forgets.
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.goto(`${server.url}/console/account`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.deepEqual(faultsThere, [])
    await context.close()
  })

  it('does all this without a fault and within its content security policy', () => {
    assert.deepEqual(faults, [])
  })
})

/** What the next token contains, and an allowlist before it is saved. */
async function tryOut(page: Page, client_id: string): Promise<void> {
  const claims = page.getByRole('region', { name: 'Claims' })
  await claims.getByText(`"sub": "${client_id}"`).waitFor()
  await page.getByLabel('Scope of the login').selectOption('asset:track:read')
  await claims.getByText('"scope": "asset:track:read"').waitFor()
  await lookAt(page, 'next-token', [390, 1280], ['light'])
  await page.getByRole('button', { name: 'Edit the allowed addresses' }).click()
  const dialog = page.getByRole('dialog')
  const ranges = dialog.getByLabel('Addresses and ranges')
  await ranges.fill('127.0.0.0/33')
  await dialog.getByText('127.0.0.0/33 is not an address or a range.').waitFor()
  await ranges.fill('::ffff:127.0.0.0/104')
  await dialog.getByText('It would let in all 1.').waitFor()
  await ranges.fill('10.0.0.0/8')
  await dialog.getByText('It would let in 0 and refuse 1.').waitFor()
  await lookAt(page, 'allowlist', [390], ['light', 'dark'])
  await dialog.getByRole('button', { name: 'Add 127.0.0.1', exact: true }).click()
  await dialog.getByText('It would let in all 1.').waitFor()
  assert.equal(await ranges.inputValue(), '10.0.0.0/8\n127.0.0.1')
  await closeByEscape(page)
}

/** Up to the environment. */
function placeOf(page: Page): string {
  const place = /^.*\/console\/org_[^/]+\/[^/]+/.exec(page.url())?.[0]
  if (place === undefined) throw new Error(`${page.url()} is not in an organization`)
  return place
}

async function logIn({ url, credentials }: RunningServer, client_secret: string): Promise<number> {
  const { status } = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    body: new URLSearchParams({ ...credentials, client_secret }),
  })
  return status
}

/** RFC 6238 with six digits and 30 seconds, as the authenticator apps do it. */
function totp(secret: string, stepsAhead: number): string {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter))
  const binary = bits.map((value) => value.toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(binary.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [])
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + stepsAhead))
  const digest = createHmac('sha1', key).update(counter).digest()
  const offset = (digest.at(-1) as number) & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
