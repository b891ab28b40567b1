/** A backup that was made while the encryption key was being changed. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { resealSigningKeys } from '@modulariot/auth'
import { CliError } from '../errors/cli-error.ts'
import { operatorContext } from '../installation/open-installation.ts'
import { openAuthStore } from '../stores/open-stores.ts'
import {
  contextOf,
  createInstallation,
  ISSUER,
  keysOf,
} from '../testing/small-installation.fixture.ts'
import { backup } from './backup.ts'
import { restore } from './restore.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-key-change-'))
after(() => rmSync(folder, { recursive: true }))

const [FORMER, NEW] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]
const data = join(folder, 'data')
const restored = join(folder, 'restored')

/** An installation whose key is in its directory, and was changed to the new one. */
async function createChanged(): Promise<void> {
  await createInstallation(data, FORMER)
  const store = await openAuthStore(contextOf(data, {}).config().database)
  const [from, to] = [keysOf(FORMER), keysOf(NEW)]
  await resealSigningKeys({ from, to, issuer: ISSUER }, operatorContext(store, to))
  await store.close()
}

it('a backup from a change of the encryption key names the new key, and is restored with it', async () => {
  await createChanged()
  const both = { MIOT_NEW_ENCRYPTION_KEY: NEW }
  const printed: string[] = []
  const directory = join(folder, 'backup')
  const options = { directory, withoutKey: false, program: '0.1.0' }
  await backup(contextOf(data, both, printed), {}, options)
  assert.match(printed.join(''), /NOT INCLUDED: the key of MIOT_NEW_ENCRYPTION_KEY/)
  assert.match(printed.join(''), /The encryption key opens the signing keys/)

  await assert.rejects(
    restore(contextOf(restored, {}), {}, directory),
    (error) => error instanceof CliError && /set MIOT_NEW_ENCRYPTION_KEY/.test(error.message),
  )
  const told: string[] = []
  await restore(contextOf(restored, both, told), {}, directory)
  assert.match(told.join(''), /the encryption key and the audit trail are intact/)
})
