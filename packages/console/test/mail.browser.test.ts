/** Addresses confirmed, and passwords set anew, by the links of real messages. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Message, startMail } from '@modulariot/platform/testing/mail'
import type { Browser, Page } from 'playwright-core'
import type { RunningServer } from '../../../conformance/support/running-server.ts'
import { startConsole } from './server.ts'
import { lookAt, openBrowser, openPage, reasonToSkip } from './support.ts'

const ANA = { name: 'Ana Rojas', email: 'ana@example.cl', organization: 'Transportes Sur' }
const PASSWORD = 'a truck drives to Valparaíso'
const OTHER_PASSWORD = 'and comes back by Casablanca'

describe('links by mail', { skip: reasonToSkip() }, () => {
  let mail: Awaited<ReturnType<typeof startMail>>
  let server: RunningServer
  let browser: Browser
  before(async () => {
    mail = await startMail()
    server = await startConsole({
      MIOT_SMTP_URL: `smtp://127.0.0.1:${mail.port}?tls=off`,
      MIOT_MAIL_FROM: 'ModularIoT <miot@example.com>',
    })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
    await mail?.close()
  })

  it('confirm an address, and set a password anew; each works once', async () => {
    const { page, faults } = await openPage(browser)
    // 1. Sign up: the account waits for its address.
    await page.goto(`${server.url}/signup`)
    await page.getByLabel('Name', { exact: true }).fill(ANA.name)
    await page.getByLabel('Email').fill(ANA.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByLabel('Organization').fill(ANA.organization)
    await page.keyboard.press('Enter')
    await page.getByText(ANA.email).waitFor()
    await lookAt(page, 'mail-sent')
    // 2. Its link alone does not confirm it: the password does.
    const link = linkIn((await mail.received(1))[0])
    await page.goto(link)
    await page.getByLabel('Password', { exact: true }).waitFor()
    assert.doesNotMatch(page.url(), /[#?&].*[\w-]{20}/, 'the token stays in the address')
    await lookAt(page, 'verify')
    await page.getByLabel('Password', { exact: true }).fill(OTHER_PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByText('1. Create an application').waitFor()
    await page.getByText(ANA.organization).first().waitFor()
    // 3. Forgotten.
    await page.context().clearCookies()
    await page.goto(`${server.url}/console/reset-password`)
    await page.getByLabel('Email').fill(ANA.email)
    await page.keyboard.press('Enter')
    const reset = linkIn((await mail.received(2))[1])
    await setPassword(page, reset, OTHER_PASSWORD)
    await page.getByRole('link', { name: 'Back to sign-in' }).click()
    await page.getByLabel('Email').fill(ANA.email)
    await page.getByLabel('Password', { exact: true }).fill(OTHER_PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByText(ANA.organization).first().waitFor()
    // 4. The same link again.
    await page.goto('about:blank')
    await page.goto(reset)
    await page.getByLabel('New password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    assert.deepEqual(faults, [])
  })
})

async function setPassword(page: Page, link: string, password: string): Promise<void> {
  await page.goto('about:blank')
  await page.goto(link)
  await page.getByLabel('New password').waitFor()
  await lookAt(page, 'new-password')
  await page.getByLabel('New password').fill(password)
  await page.keyboard.press('Enter')
  await page.getByText('The password is set').waitFor()
}

function linkIn(message: Message | undefined): string {
  const [link = ''] = message?.text.match(/http:\S+/) ?? []
  assert.notEqual(link, '', message?.text ?? 'no message')
  return link
}
