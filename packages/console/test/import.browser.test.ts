/** Many applications from a file: tried, created, and their credentials saved. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { RunningServer } from '../../../conformance/support/running-server.ts'
import { startConsole } from './server.ts'
import { lookAt, openBrowser, openPage, reasonToSkip, signUp } from './support.ts'

const skip = reasonToSkip()

const ROWS = Number(process.env.CONSOLE_IMPORT_ROWS ?? 1000)

/** 1,000 rows, of which three cannot be created. */
const FILE = [
  'name;external_id;tags;token_lifetime',
  ...Array.from({ length: ROWS - 3 }, (_, index) => `=Truck ${index};T-${index};north fleet;`),
  'Repeated;T-1;;',
  'Lifetime;T-x;;soon',
  'Tag;T-y;n\u00f6rth;',
].join('\r\n')

describe('importing applications', { skip }, () => {
  let server: RunningServer
  let browser: Browser
  let page: Page
  let faults: readonly string[]
  before(async () => {
    server = await startConsole()
    browser = await openBrowser()
    ;({ page, faults } = await openPage(browser))
    await signUp(page, server.url)
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('refuses a file as a whole, and gives a template', async () => {
    await page.getByRole('link', { name: 'Applications' }).click()
    await page.getByRole('button', { name: 'Import …' }).click()
    await page.getByRole('heading', { name: 'Import applications' }).waitFor()
    assert.match(page.url(), /\/applications\/import$/)
    await choose('nam,tags\nA,b\n')
    await page.getByText('Unknown column "nam"; did you mean name').waitFor()
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download a template' }).click()
    await choose(readFileSync(await (await saved).path(), 'utf8'))
    await page.getByRole('button', { name: 'Create 2 applications' }).waitFor()
    await page.getByRole('button', { name: 'Choose another file' }).click()
    await page.getByText('Do the same from a terminal').click()
    await page.getByText('miot clients import clients.csv --dry-run').waitFor()
    await lookAt(page, 'import')
  })

  it('tries the file first, and names the rows that cannot be created', async () => {
    await choose(FILE)
    await page.getByRole('button', { name: create(ROWS - 3) }).waitFor()
    const list = page.getByRole('table', { name: 'Rows that need a look' })
    await list.getByText('Line 3 has the same external_id').waitFor()
    await list.getByText('token_lifetime must be a whole number').waitFor()
    assert.equal(await list.getByRole('cell', { name: `${ROWS + 1}`, exact: true }).count(), 1)
    const { stdout } = await server.miot(['clients', 'list', '--tag', 'fleet', '--json'])
    assert.doesNotMatch(stdout, /Truck/)
    await lookAt(page, 'import-checked')
  })

  it('creates the others, and saves their credentials once', async () => {
    const started = performance.now()
    await page.getByRole('button', { name: create(ROWS - 3) }).click()
    const save = page.getByRole('button', { name: /^Download .* credentials$/ })
    await save.waitFor({ timeout: 300_000 })
    if (ROWS > 1000) {
      process.stderr.write(`${ROWS} rows in ${(performance.now() - started) / 1000} s\n`)
    }
    // The rows to correct are still listed.
    await page.getByText('Line 3 has the same external_id').waitFor()
    // What is not saved is asked for.
    await page.getByRole('link', { name: 'Members' }).click()
    await page.getByText('Are the credentials saved?').waitFor()
    await page.getByRole('button', { name: 'Stay' }).click()
    const saved = page.waitForEvent('download')
    await save.click()
    const file = readFileSync(await (await saved).path(), 'utf8')
    const lines = file.trimEnd().split('\r\n')
    assert.equal(lines.length, ROWS - 2)
    // A spreadsheet does not run it.
    const [line, external_id, name, client_id = '', client_secret = '', audience = '', , url] = (
      lines.at(-1) ?? ''
    ).split(',')
    assert.deepEqual(
      [line, external_id, name, url],
      [`${ROWS - 2}`, `T-${ROWS - 4}`, `'=Truck ${ROWS - 4}`, `${server.url}/api/v1/login`],
    )
    const { status } = await fetch(url ?? '', {
      method: 'POST',
      body: new URLSearchParams({
        ...{ client_id, client_secret, audience, grant_type: 'client_credentials' },
      }),
    })
    assert.equal(status, 200)
    // Secrets are in the file alone.
    const seen = await page.evaluate(() =>
      [
        document.documentElement.outerHTML,
        ...[localStorage, sessionStorage].map((one) => JSON.stringify(one)),
      ].join(),
    )
    assert.doesNotMatch(seen, /miot_(dev|prod)_/)
    await page.getByRole('link', { name: 'To the applications' }).click()
    await page.getByRole('link', { name: '=Truck' }).first().waitFor()
  })

  it('finds them in place when the file is imported again', async () => {
    await page.getByRole('button', { name: 'Import …' }).click()
    await choose(FILE)
    await page.getByText('Exist already').waitFor()
    const nothing = page.getByRole('button', { name: 'Create 0 applications' })
    await nothing.focus()
    await page.getByRole('tooltip').getByText('No row of this file would be created.').waitFor()
    assert.deepEqual(faults, [])
  })

  const choose = (text: string) =>
    page
      .getByLabel('CSV or NDJSON file')
      .setInputFiles({ name: 'fleet.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
})

const create = (count: number) => `Create ${count.toLocaleString('en')} applications`
