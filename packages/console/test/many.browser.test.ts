/** Many applications at once: select, tag, rotate, disable, with progress and refusals. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { RunningServer } from '../../../conformance/support/running-server.ts'
import { startConsole } from './server.ts'
import { lookAt, openBrowser, openPage, reasonToSkip, signUp } from './support.ts'

const skip = reasonToSkip()

/** More than one page of the list, and more than one request. */
const TRUCKS = 129

describe('changes to many applications', { skip }, () => {
  let server: RunningServer
  let browser: Browser
  let page: Page
  let faults: readonly string[]
  let place: string
  before(async () => {
    server = await startConsole()
    const grants = [{ audience: server.credentials.audience }]
    const lines = Array.from({ length: TRUCKS }, (_, index) =>
      JSON.stringify({ name: `Truck ${index}`, external_id: `truck-${index}`, grants }),
    )
    const tags = Array.from({ length: 50 }, (_, index) => `t${index}`)
    lines.push(JSON.stringify({ name: 'Truck with all tags', tags, grants }))
    const file = join(server.dataDir, 'trucks.ndjson')
    writeFileSync(file, lines.join('\n'))
    await server.miot(['clients', 'import', file])
    browser = await openBrowser()
    ;({ page, faults } = await openPage(browser))
    await signUp(page, server.url)
    place = /^.*\/console\/org_[^/]+\/[^/]+/.exec(page.url())?.[0] as string
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  const dialog = () => page.getByRole('dialog')
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const fact = async (name: string): Promise<string> =>
    dialog().locator(`dt:text-is("${name}") + dd`).innerText()

  async function selectAll(count: number): Promise<void> {
    await page.getByRole('button', { name: /^Select all/ }).click()
    await page.getByText(`${count} selected`).waitFor()
  }

  async function done(): Promise<void> {
    await dialog().getByRole('button', { name: 'Done' }).click()
    await dialog().waitFor({ state: 'detached' })
  }

  it('tags all that match, and names the one that was refused', async () => {
    await page.goto(`${place}/applications?search=Truck`)
    await page.getByRole('checkbox', { name: 'Select Truck' }).first().waitFor()
    await selectAll(TRUCKS + 1)
    await button('Tag …').click()
    await dialog().getByLabel('Tags').fill('a b')
    await dialog().getByRole('button', { name: 'Add the tags' }).click()
    await dialog().getByText('each of letters, digits').waitFor()
    await dialog().getByLabel('Tags').fill('fleet')
    await dialog().getByText('Do the same from a terminal').click()
    await dialog()
      .getByText('miot clients tag --search Truck --environment development --add fleet')
      .waitFor()
    await dialog().getByRole('button', { name: 'Add the tags' }).click()
    await dialog().getByText('The client would have 51 tags').waitFor()
    assert.deepEqual([await fact('Changed'), await fact('Refused')], [String(TRUCKS), '1'])
    await done()
    await page.getByText(`${TRUCKS + 1} selected`).waitFor({ state: 'detached' })
    await page.goto(`${place}/applications?tag=fleet`)
    await selectAll(TRUCKS)
  })

  it('rotates those that were picked by keyboard, and shows their secrets in a file alone', async () => {
    // By links of the page, so that Back stays in it.
    await page.goto(`${place}/members`)
    await page.getByRole('link', { name: 'Applications', exact: true }).click()
    await button('fleet').first().click()
    await page.waitForURL(/tag=fleet/)
    const boxes = page.getByRole('checkbox', { name: 'Select Truck' })
    await boxes.first().focus()
    await page.keyboard.press('Space')
    await boxes.nth(1).focus()
    await page.keyboard.press('Space')
    await page.getByText('2 selected').waitFor()
    await button('Rotate …').click()
    await lookAt(page, 'many-rotate')
    await dialog().getByText('Do the same from a terminal').click()
    await dialog()
      .getByText(/^printf '%s\\n' client_\w+ client_\w+ > clients\.txt$/m)
      .waitFor()
    await dialog().getByRole('button', { name: 'Rotate' }).click()
    await dialog().getByText('2 new secrets').waitFor()
    assert.equal(await dialog().getByRole('button', { name: 'Close' }).count(), 0)
    // It closes only once the file is saved, and Back asks.
    await page.keyboard.press('Escape')
    assert.equal(
      await dialog().getByRole('button', { name: 'Done' }).getAttribute('aria-disabled'),
      'true',
    )
    await page.evaluate(() => history.back())
    await page.getByText('Are the secrets saved?').waitFor()
    await button('Stay').click()
    const saving = page.waitForEvent('download')
    await button('Download the secrets (CSV)').click()
    const file = (await (await saving).path()) as string
    const [header, ...rows] = readFileSync(file, 'utf8').trim().split('\r\n')
    assert.equal(header, 'client_id,external_id,name,secret_id,client_secret')
    const secrets = rows.map((row) => row.split(',').at(-1) as string)
    assert.equal(secrets.length, 2)
    const content = await page.content()
    for (const [index, secret] of secrets.entries()) {
      assert.ok(!content.includes(secret))
      const [client_id = ''] = rows[index]?.split(',') ?? []
      const body = new URLSearchParams({ ...server.credentials, client_id, client_secret: secret })
      const login = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })
      assert.equal(login.status, 200)
    }
    await done()
  })

  it('stops after the request that was sent, and goes on with the others', async () => {
    await page.goto(`${place}/applications?tag=fleet`)
    await selectAll(TRUCKS)
    await button('Disable …').click()
    await dialog()
      .getByText(/sed in the last 24 hours/)
      .waitFor()
    const sent = Promise.withResolvers<void>()
    const stopped = Promise.withResolvers<void>()
    await page.route('**/clients/batch', async (route) => {
      sent.resolve()
      await stopped.promise
      await route.continue()
    })
    await dialog().getByRole('button', { name: 'Disable' }).click()
    await sent.promise
    await button('Stop').click()
    await button('Stopping …').waitFor()
    stopped.resolve()
    await dialog().getByText('Not reached').waitFor()
    assert.deepEqual([await fact('Changed'), await fact('Not reached')], ['100', '29'])
    await button('Continue with the other 29').click()
    await dialog().locator('dt:text-is("Not reached")').waitFor({ state: 'detached' })
    await dialog().getByRole('button', { name: 'Done' }).waitFor()
    assert.equal(await fact('Changed'), String(TRUCKS))
    await done()
    const { stdout } = await server.miot(['clients', 'list', '--tag', 'fleet', '--json'])
    const statuses = JSON.parse(stdout).clients.map(({ status }: { status: string }) => status)
    assert.deepEqual(statuses, Array(TRUCKS).fill('disabled'))
  })

  it('does all this without a fault and within its content security policy', () => {
    assert.deepEqual(faults, [])
  })
})
