/** A person who has signed up, at the page of assets. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'

export const PERSON = { email: 'ana@example.cl', password: 'a truck drives to Valparaíso' }

/** The server's first account, without the page. */
export async function signUp(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/console/sign-in`)
  const body = { ...PERSON, name: 'Ana Rojas', organization_name: 'Transportes Sur' }
  assert.equal(await post(page, '/people/v1/sign-up', body), 201)
}

/** Signs in without the page. */
export async function openAssets(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/console/sign-in`)
  assert.equal(await post(page, '/people/v1/sign-in', PERSON), 200)
  await page.goto(`${url}/console/`)
  await page.getByRole('link', { name: 'Assets' }).click()
}

function post(page: Page, path: string, body: object): Promise<number> {
  return page.evaluate(
    async ([to, text]) => {
      const headers = { 'content-type': 'application/json' }
      return (await fetch(to, { method: 'POST', headers, body: text })).status
    },
    [path, JSON.stringify(body)] as const,
  )
}
