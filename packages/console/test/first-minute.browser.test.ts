/** From nothing to the first kept report, by keyboard alone. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { environmentWithoutSettings } from '../../../conformance/support/environment.ts'
import type { RunningServer } from '../../../conformance/support/running-server.ts'
import { startConsole } from './server.ts'
import {
  assertAccessible,
  closeByEscape,
  lookAt,
  openBrowser,
  openPage,
  reasonToSkip,
} from './support.ts'

const PASSWORD = 'a truck drives to Valparaíso'

describe('the first minute', { skip: reasonToSkip() }, () => {
  let server: RunningServer
  let browser: Browser
  before(async () => {
    server = await startConsole()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('leads from the sign-up to green, by keyboard alone, within a minute', async () => {
    const { page, context, faults } = await openPage(browser)
    const started = performance.now()
    // 1. Sign up.
    await page.goto(`${server.url}/signup`)
    await page.getByLabel('Name').waitFor()
    await type(page, 'Ana Rojas', 'ana@example.cl', PASSWORD)
    // The button that shows the password is between the fields.
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Transportes Sur')
    await page.keyboard.press('Enter')
    // 2. Create the application; its name is filled in.
    await page.getByText('1. Create an application').waitFor()
    await page.getByLabel('Name').waitFor()
    await page.keyboard.press('Enter')
    // 3. Paste: the secret is masked on screen, and real when copied.
    await page.getByText('2. Paste it').waitFor()
    assert.doesNotMatch(await page.content(), /miot_dev_[0-9A-Za-z]{20}/)
    await tabTo(page, 'Copy curl')
    await page.keyboard.press('Enter')
    const script = await page.evaluate(() => navigator.clipboard.readText())
    assert.match(script, /miot_dev_[0-9A-Za-z]{20}/)
    // A mistake is named, with its remedy.
    await bash(
      script.replace(
        /miot_dev_\w{20}/,
        (secret) => secret.slice(0, -1) + (secret.endsWith('X') ? 'Y' : 'X'),
      ),
    )
    await page.locator('[data-state=failed]', { hasText: 'Waiting for the first token' }).waitFor()
    await page.getByText('What came as client_secret cannot be a secret').waitFor()
    await bash(script.replace(server.credentials.audience, 'https://wrong.example'))
    await page.getByText('The application has no grant for the audience').waitFor()
    const output = await bash(script)
    assert.match(output, /"status":"success"/)
    // 4. Green.
    await page.locator('[data-state=done]', { hasText: 'First token issued' }).waitFor()
    await page.locator('[data-state=done]', { hasText: 'First report kept: TRUCK-001' }).waitFor()
    const seconds = (performance.now() - started) / 1000
    assert.ok(seconds < 60, `took ${seconds} s`)
    await lookAt(page, 'green')
    // 5. Leaving asks whether the secret is saved.
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.getByRole('dialog').getByText('Is the secret saved?').waitFor()
    await assertAccessible(page, 'leaving')
    await closeByEscape(page)
    await page.getByLabel('I have saved the secret').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.getByRole('heading', { name: 'Applications' }).waitFor()
    // 6. Nothing keeps the secret.
    const kept = await page.evaluate(() =>
      JSON.stringify([document.documentElement.outerHTML, { ...localStorage }, location.href]),
    )
    assert.doesNotMatch(kept, /miot_dev_[0-9A-Za-z]{20}/)
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('looks right before the sign-in, in light and dark, at three widths', async () => {
    const { page, context, faults } = await openPage(browser)
    await page.goto(`${server.url}/console/reset-password`)
    await page.getByLabel('Email').waitFor()
    await lookAt(page, 'reset-password')
    await page.goto(`${server.url}/console/sign-up`)
    await page.getByText('By invitation only').waitFor()
    await lookAt(page, 'sign-up')
    await page.goto(`${server.url}/console/sign-in`)
    await page.getByLabel('Email').waitFor()
    await lookAt(page, 'sign-in')
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('looks right on every page', async () => {
    const { page, context, faults } = await openPage(browser)
    const place = await signIn(page, server.url)
    await page.getByRole('link', { name: 'First application' }).waitFor()
    await lookAt(page, 'applications')
    const pages = {
      start: ['1. Create'],
      members: ['You'],
      keys: [/Next rotation: in \d+ months? \(/, 'MIOT_ACTIVITY_RETENTION_DAYS'],
      trail: ['created'],
    } as const
    for (const [name, texts] of Object.entries(pages)) {
      await page.goto(`${place}/${name}`)
      for (const text of texts) await page.getByText(text).first().waitFor()
      await lookAt(page, name)
    }
    await page.goto(`${server.url}/console/account`)
    await page.getByText('This one').waitFor()
    await lookAt(page, 'account')
    await page.goto(`${place.replace('development', 'production')}/applications`)
    await page.getByText('No applications yet').waitFor()
    await lookAt(page, 'production')
    // The band of the page is dimmed below a dialog, which says it itself.
    await page.keyboard.press('?')
    const keys = page.getByRole('dialog')
    await keys.getByText('Production', { exact: true }).waitFor()
    await lookAt(page, 'keys-help')
    assert.equal(
      await keys.locator('li:has-text("Activity") kbd').allInnerTexts().then(String),
      'g,c',
    )
    await closeByEscape(page)
    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await page.getByRole('heading', { name: 'Activity' }).waitFor()
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('renames the organization, and says who creates another', async () => {
    const { page, context, faults } = await openPage(browser)
    const place = await signIn(page, server.url)
    await page.getByRole('link', { name: 'First application' }).waitFor()
    await page.goto(`${place}/members?dialog=rename`)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('Transportes Norte')
    await lookAt(page, 'rename-organization', [390, 1280], ['dark'])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Transportes Norte Organization' }).click()
    await page.getByRole('menuitem', { name: 'New organization …' }).click()
    await page.waitForURL(/account\?dialog=new-organization/)
    await dialog.getByText('miot orgs create').waitFor()
    await assertAccessible(page, 'organizations are created by the operator')
    // The answer of a server where everyone may.
    await page.route('**/people/v1/sign-up', async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: { ...(await answer.json()), mode: 'open' } })
    })
    await page.reload()
    await dialog.getByLabel('Name').fill('Second')
    await dialog.getByRole('button', { name: 'New organization' }).click()
    await dialog.getByText('The operator of this server creates organizations').waitFor()
    await lookAt(page, 'new-organization', [390, 1280], ['light'])
    await page.goBack()
    await page.goto(`${place}/members?dialog=rename`)
    await dialog.getByLabel('Name').fill('Transportes Sur')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Transportes Sur Organization' }).waitFor()
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('looks right on an application and its dialogs', async () => {
    const { page, context, faults } = await openPage(browser)
    await signIn(page, server.url)
    await page.getByRole('link', { name: 'First application' }).click()
    await page.getByText(/^secret_/).waitFor()
    await lookAt(page, 'application')
    const application = page.url()
    for (const dialog of ['rotate', 'edit', 'limits', 'access', 'allowlist', 'disable', 'delete']) {
      await page.goto(`${application}?dialog=${dialog}`)
      await page.getByRole('dialog').locator('form').waitFor()
      await lookAt(page, `dialog-${dialog}`, [390, 1280], ['dark'])
    }
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('speaks the language of the browser', async () => {
    const { page, context } = await openPage(browser, { locale: 'es-CL' })
    await page.goto(`${server.url}/console/`)
    await page.getByRole('heading', { name: 'Iniciar sesión' }).waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'es')
    await context.close()
  })
})

/** @returns the address of the place: up to the environment. */
async function signIn(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/console/`)
  await page.getByLabel('Email').waitFor()
  await type(page, 'ana@example.cl', PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Applications' }).waitFor()
  return page.url().replace(/\/applications.*/, '')
}

/** Into the focused field and those after it. */
async function type(page: Page, ...texts: readonly string[]): Promise<void> {
  for (const [index, text] of texts.entries()) {
    if (index > 0) await page.keyboard.press('Tab')
    await page.keyboard.type(text)
  }
}

/** Presses Tab until the element with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
    if (focused === name) return
  }
  throw new Error(`Tab does not reach ${name}`)
}

async function bash(script: string): Promise<string> {
  const child = spawn('bash', ['-c', script], { env: environmentWithoutSettings() })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text
    })
  }
  await once(child, 'close')
  return output
}
