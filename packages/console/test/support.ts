/**
 * A real browser in front of a real `miot serve`. Debian's Chromium is used where it is installed.
 * `CONSOLE_BROWSER=required`, as in CI, demands it; elsewhere the tests are skipped with a word.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export const executablePath = PATHS.find((path) => existsSync(path)) ?? null

/** For `describe`: false, or why the tests of the console in a browser do not run. */
export function reasonToSkip(): string | false {
  if (executablePath !== null) return false
  const reason = 'NO BROWSER: the console is not tested. Install it: apt-get install chromium'
  if (process.env.CONSOLE_BROWSER === 'required') throw new Error(reason)
  process.stderr.write(`\n${reason}\n\n`)
  return reason
}

/**
 * Where screenshots go, to be looked at; null: none are taken, since they take most of the time.
 */
const SCREENSHOTS = process.env.CONSOLE_SCREENSHOTS ?? null

/** A wait in a page ends with a failure after this long; enough for a slow machine. */
const WAIT_MS = 120_000

export const WIDTHS = [390, 768, 1280] as const

export async function openBrowser(): Promise<Browser> {
  if (SCREENSHOTS !== null) mkdirSync(SCREENSHOTS, { recursive: true })
  return chromium.launch({
    executablePath: executablePath ?? undefined,
    // Containers run as root, where Chromium's own sandbox does not start.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  } as Parameters<typeof chromium.launch>[0])
}

/** A page whose errors, and whose breaches of the content security policy, fail the test. */
export async function openPage(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ page: Page; context: BrowserContext; faults: readonly string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => {
    // A refused request is listed as an error, and the page handles it.
    const refused = /Failed to load resource/.test(message.text())
    if (message.type() === 'error' && !refused) faults.push(message.text())
  })
  return { page, context, faults }
}

export const PASSWORD = 'a truck drives to Valparaíso'

/** The server's first account, which owns it, at the first minute. */
export async function signUp(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/console/sign-up`)
  await page.getByLabel('Name').fill('Ana Rojas')
  await page.getByLabel('Email').fill('ana@example.cl')
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByLabel('Organization').fill('Transportes Sur')
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByText('1. Create an application').waitFor()
}

/**
 * Presses Escape in the open dialog, and waits until it is gone. A dialog hears keys from the
 * moment that it has the focus, which on a busy machine is well after it can be seen.
 */
export async function closeByEscape(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.and(page.locator(':focus-within')).waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
}

/** Defines `axe` in a page. */
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/**
 * Fails for each finding of axe, named with its elements. Axe's own driver of browsers takes five
 * times as long: it loads axe twice, the second time in a page of its own, for pages with frames.
 */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  assert.equal(page.frames().length, 1, `${name} has frames, which are not checked`)
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    const { axe: loaded } = window as unknown as { axe: typeof axe }
    const { violations } = await loaded.run(document, { resultTypes: ['violations'] })
    return violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => target) }))
  })
  const found = violations.map(
    ({ id, targets }) => `${id}: ${targets.map((target) => target.join(' ')).join(', ')}`,
  )
  assert.deepEqual(found, [], name)
}

/** The page at each width, in light and dark, also for axe. */
export async function lookAt(
  page: Page,
  name: string,
  widths: readonly number[] = WIDTHS,
  schemes: readonly ('light' | 'dark')[] = ['light', 'dark'],
): Promise<void> {
  const size = page.viewportSize()
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 })
      if (SCREENSHOTS !== null) {
        const path = join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`)
        await page.screenshot({ path, fullPage: true })
      }
      assert.equal(await overflow(page), 0, `${name} is wider than ${width} px`)
    }
    await assertAccessible(page, `${name}, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  if (size !== null) await page.setViewportSize(size)
}

/** Pixels by which the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return Math.max(0, scrollWidth - clientWidth)
  })
}
