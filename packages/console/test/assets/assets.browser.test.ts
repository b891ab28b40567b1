/** A fleet on the map and in the list, live, and one truck over a day. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import type { RunningServer } from '../../../../conformance/support/running-server.ts'
import { startConsole } from '../server.ts'
import {
  assertAccessible,
  closeByEscape,
  lookAt,
  openBrowser,
  openPage,
  reasonToSkip,
} from '../support.ts'
import { type Fleet, sendFleet } from './fleet.ts'
import { openAssets, PERSON, signUp } from './signed-in.ts'

describe('assets', { skip: reasonToSkip() }, () => {
  let server: RunningServer
  let browser: Browser
  let fleet: Fleet
  before(async () => {
    server = await startConsole()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('says how to begin while there are none', async () => {
    const { page, context, faults } = await openPage(browser)
    await signUp(page, server.url)
    await page.goto(`${server.url}/console/`)
    await page.getByRole('link', { name: 'Assets' }).click()
    await page.getByText('No assets yet').waitFor()
    await page.getByText('api/v1/login').waitFor()
    await lookAt(page, 'assets-none')
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('shows the fleet, and a report that arrives, without a request to elsewhere', async () => {
    fleet = await sendFleet(server)
    const { page, context, faults } = await openPage(browser)
    const elsewhere: string[] = []
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) {
        elsewhere.push(request.url())
      }
    })
    await openAssets(page, server.url)
    await page.getByRole('link', { name: /^TRUCK-001/ }).waitFor()
    await page.getByRole('img', { name: /Map with 61 assets/ }).waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await lookAt(page, 'assets')
    // 1. Live.
    await fleet.report('TRUCK-NEW', -33.02, -71.55, 33)
    await page.getByRole('button', { name: 'Newest first' }).click()
    await page.getByRole('link', { name: /^TRUCK-NEW/ }).waitFor()
    await page.getByRole('img', { name: /Map with 62 assets/ }).waitFor()
    // 2. Filters are part of the address.
    await page.getByRole('button', { name: /Older/ }).click()
    await page.waitForURL(/age=silent/)
    await page.getByRole('img', { name: /Map with 12 assets/ }).waitFor()
    await page.goto(`${page.url().split('?')[0]}?search=TRUCK-00`)
    await page.getByRole('img', { name: /Map with 9 assets/ }).waitFor()
    // 3. The map by keyboard.
    await page.getByRole('img', { name: /Map with/ }).focus()
    for (const key of ['+', '+', 'ArrowLeft', '-']) await page.keyboard.press(key)
    await assertAccessible(page, 'found')
    assert.deepEqual(elsewhere, [])
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('shows one truck over a day, and exports it', async () => {
    const { page, context, faults } = await openPage(browser)
    await openAssets(page, server.url)
    await page.getByRole('link', { name: /^TRUCK-001/ }).click()
    await page.getByText(/600 positions · \d{3} km/).waitFor()
    await page.getByRole('img', { name: /^Speed over time: from 0 km\/h/ }).waitFor()
    await page.getByRole('img', { name: /^fuel.level over time/ }).waitFor()
    await page.getByText('harsh_braking').first().waitFor()
    await lookAt(page, 'asset')
    await page.getByRole('button', { name: /^Table.*Speed/ }).click()
    await page.getByRole('columnheader', { name: 'Value' }).waitFor()
    await page.getByRole('button', { name: 'Chart of idle.state' }).click()
    await page.getByRole('img', { name: /^idle.state over time/ }).waitFor()
    await page.getByRole('button', { name: '30 days' }).click()
    await page.waitForURL(/period=30d/)
    await page.getByRole('button', { name: 'Export' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await assertAccessible(page, 'export')
    for (const [kind, rows] of [
      ['positions', 600],
      ['metrics', 2400],
      ['events', 4],
    ] as const) {
      await dialog.getByLabel('What').selectOption(kind)
      const saved = page.waitForEvent('download')
      await dialog.getByRole('button', { name: 'Download' }).click()
      const text = await readFile(await (await saved).path(), 'utf8')
      assert.equal(text.trim().split('\r\n').length, rows + 1, kind)
      assert.match(text, /^asset_id,/)
    }
    await closeByEscape(page)
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('erases an asset once its id is typed, and the trail says who did', async () => {
    const { page, context, faults } = await openPage(browser)
    await openAssets(page, server.url)
    const list = page.url()
    await page.getByRole('link', { name: /^TRUCK-001/ }).click()
    await page.getByRole('button', { name: 'Erase' }).click()
    const dialog = page.getByRole('dialog')
    const erase = dialog.getByRole('button', { name: 'Erase' })
    // 1. Not yet.
    assert.equal(await erase.getAttribute('aria-disabled'), 'true')
    await dialog.getByText('Do the same from a terminal').click()
    await dialog.getByText('miot assets delete TRUCK-001').waitFor()
    await lookAt(page, 'erase')
    // 2. A failure names its request, and the form stays.
    const isErasure = '**/v1/assets/TRUCK-001'
    await page.route(isErasure, (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({ status: 503, json: { message: 'Busy', request_id: 'r-503' } })
        : route.continue(),
    )
    await dialog.getByLabel('Type TRUCK-001 to confirm').fill('TRUCK-001')
    await erase.click()
    await dialog.getByText('r-503').waitFor()
    await page.unroute(isErasure)
    // 3. Gone from the list and from the map.
    await erase.click()
    await page.waitForURL(list)
    await page.getByText('TRUCK-001 is erased.').waitFor()
    await page.getByRole('img', { name: /Map with 61 assets/ }).waitFor()
    assert.equal(await page.getByRole('link', { name: /^TRUCK-001/ }).count(), 0)
    await page.goto(list.replace(/assets$/, 'trail?target=TRUCK-001'))
    await page.getByText('Asset erased').first().waitFor()
    await page.getByText(PERSON.email).first().waitFor()
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('is live again after the server was away, with what arrived since', async () => {
    const { page, context, faults } = await openPage(browser)
    await openAssets(page, server.url)
    await page.getByText('Live', { exact: true }).waitFor()
    await server.restart('SIGKILL')
    await page.getByText('Live', { exact: true }).waitFor()
    await fleet.report('FLOTA/7 ñ', -38.7, -72.6, 12)
    await page.getByRole('img', { name: /Map with 62 assets/ }).waitFor()
    // An id is part of the address, whatever is in it.
    await page.getByRole('link', { name: /^FLOTA/ }).click()
    await page.getByText('1 position · 0 km').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'FLOTA/7 ñ' }).waitFor()
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('reads the list that failed while the server was away, once it is back', async () => {
    const { page, context, faults } = await openPage(browser)
    const isList = '**/v1/assets?limit=*'
    await page.route(isList, (route) => route.abort('connectionrefused'))
    await openAssets(page, server.url)
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await page.unroute(isList)
    await server.restart('SIGKILL')
    await page.getByRole('img', { name: /Map with 62 assets/ }).waitFor()
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('says what it may not show, and what there is not', async () => {
    const { page, context, faults } = await openPage(browser)
    await openAssets(page, server.url)
    await page.getByText('Live', { exact: true }).waitFor()
    await page.goto(`${page.url()}/TRUCK-000`)
    await page.getByText('There is no such asset').waitFor()
    await assertAccessible(page, 'no such asset')
    await page.route('**/admin/v1/telemetry-tokens', (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        json: { type: 'urn:miot:forbidden', detail: 'Not in this environment', request_id: 'r-1' },
      }),
    )
    await page.goto(page.url().replace('/TRUCK-000', ''))
    await page.getByText('Your role does not allow this').waitFor()
    await page.getByText('r-1').waitFor()
    await page.getByText('Not live').waitFor()
    await assertAccessible(page, 'forbidden')
    assert.deepEqual(faults, [])
    await context.close()
  })
})
