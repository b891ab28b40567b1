/** Organizations and their members, on a server where everyone may create an organization. */

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

/** Signs up by `signUp`. */
const ANA = { name: 'Ana Rojas', email: 'ana@example.cl' }
const LUIS = { name: 'Luis Soto', email: 'luis@example.cl' }
const EVA = { name: 'Eva Díaz', email: 'eva@example.cl' }

describe('members and organizations', { skip: reasonToSkip() }, () => {
  let server: RunningServer
  let browser: Browser
  before(async () => {
    server = await startConsole({ MIOT_SIGN_UP: 'open' })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('are created, get another role, are removed and leave', async () => {
    const { page: owner, context, faults } = await openPage(browser)
    await signUp(owner, server.url)
    // 1. An organization of one's own; Back does not create another.
    await owner.getByRole('button', { name: 'Transportes Sur Organization' }).click()
    await owner.getByRole('menuitem', { name: 'New organization …' }).click()
    const dialog = owner.getByRole('dialog')
    await dialog.getByLabel('Name').fill('Minera Norte')
    const owns = `--email ${ANA.email} --role owner --org ORG_ID`
    await assertTwin(owner, `miot orgs create --name 'Minera Norte'\nmiot people invite ${owns}`)
    await dialog.getByRole('button', { name: 'New organization' }).click()
    await owner.getByText('Minera Norte is created.').waitFor()
    await owner.getByRole('button', { name: 'Minera Norte Organization' }).waitFor()
    await owner.getByText('1. Create an application').waitFor()
    const [place, org_id] = /^.*\/console\/(org_[^/]+)\/development/.exec(owner.url()) ?? []
    assert.ok(place !== undefined && org_id !== undefined, owner.url())
    await owner.goBack()
    await owner.getByRole('button', { name: 'Transportes Sur Organization' }).waitFor()
    assert.equal(await dialog.count(), 0, owner.url())
    // 2. Another role: in the address, there again after a reload, not after Save.
    const cookie = await join(server, LUIS, org_id)
    await join(server, EVA, org_id)
    await owner.goto(`${place}/members`)
    await choose(owner, LUIS, 'Change the role')
    await owner.waitForURL(/\?dialog=role-person_\w+$/)
    await owner.reload()
    await dialog.getByLabel('Role').selectOption('developer')
    await assertTwin(owner, `miot people role ${LUIS.email} developer --org ${org_id}`)
    await lookAt(owner, 'dialog-role', [390, 1280], ['dark'])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await rowOf(owner, LUIS).getByText('Developer').waitFor()
    assert.equal(owner.url(), `${place}/members`)
    // 3. Back closes, Forward opens; one owner stays.
    await choose(owner, EVA, 'Remove')
    await assertTwin(owner, `miot people remove-member ${EVA.email} --org ${org_id}`)
    await lookAt(owner, 'dialog-remove', [390, 1280], ['light'])
    await owner.goBack()
    await dialog.waitFor({ state: 'detached' })
    await owner.goForward()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await rowOf(owner, EVA).waitFor({ state: 'detached' })
    await choose(owner, ANA, 'Leave')
    const removeAna = owner.url()
    await dialog.getByRole('button', { name: 'Leave' }).click()
    await dialog.getByText('An organization keeps at least one owner').waitFor()
    // 4. A member without the right removes no one else, and leaves.
    const { page: member, faults: faultsThere } = await openPage(browser)
    const [name = '', value = ''] = cookie.split('=')
    await member.context().addCookies([{ name, value, url: server.url }])
    await member.goto(removeAna)
    const theirs = member.getByRole('dialog')
    const remove = theirs.getByRole('button', { name: 'Remove' })
    await remove.waitFor()
    assert.equal(await remove.getAttribute('aria-disabled'), 'true')
    await closeByEscape(member)
    await choose(member, LUIS, 'Leave')
    await theirs.getByRole('button', { name: 'Leave' }).click()
    await member.getByText('You have left the organization.').waitFor()
    await member.getByRole('heading', { name: 'Account' }).waitFor()
    // The menu and the badge are taken away one after the other.
    await member.getByText('Minera Norte').first().waitFor({ state: 'detached' })
    assert.deepEqual([faults, faultsThere], [[], []])
    await member.context().close()
    await context.close()
  })
})

interface Person {
  readonly name: string
  readonly email: string
}

/** Chooses from the menu of a member. */
async function choose(page: Page, { name }: Person, action: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: action }).click()
  await page.getByRole('dialog').waitFor()
}

/** What the dialog says to do in a terminal. */
async function assertTwin(page: Page, text: string): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Do the same from a terminal').click()
  assert.equal(await dialog.getByRole('region', { name: 'miot' }).innerText(), text)
}

function rowOf(page: Page, { email }: Person) {
  return page.getByRole('listitem').filter({ hasText: email })
}

/** As a viewer. @returns the cookie of the session. */
async function join(server: RunningServer, person: Person, org_id: string): Promise<string> {
  const invite = ['people', 'invite', '--email', person.email, '--org', org_id, '--json']
  const { stdout } = await server.miot(invite)
  const [, invitation] = String(JSON.parse(stdout).link).split('#')
  const answer = await fetch(`${server.url}/people/v1/sign-up`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
    body: JSON.stringify({ ...person, password: PASSWORD, invitation }),
  })
  assert.equal(answer.status, 201, await answer.text())
  return answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
}
