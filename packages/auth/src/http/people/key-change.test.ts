import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { systemContext } from '../../admin/context.ts'
import { resealSigningKeys } from '../../admin/reseal.ts'
import { deriveInstallationKeys } from '../../keys/sealing.ts'
import { resealTwoFactors } from '../../people/reseal-two-factors.ts'
import { openSqliteAuthStore } from '../../store/sqlite/sqlite-store.ts'
import { KEYS, PASSWORD, startPeople, totp } from '../../testing/people-server.ts'

const directory = mkdtempSync(join(tmpdir(), 'miot-key-change-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const NEW_KEYS = deriveInstallationKeys(new Uint8Array(32).fill(6))
const CREDENTIALS = { email: 'ana@example.com', password: PASSWORD }

it('a change of the encryption key keeps second factors, and sessions while both are known', async () => {
  const store = openSqliteAuthStore(join(directory, 'auth.db'))
  const [first, both, last] = [
    () => startPeople(store, { keys: KEYS }),
    () => startPeople(store, { keys: KEYS, newKeys: NEW_KEYS }),
    () => startPeople(store, { keys: NEW_KEYS }),
  ]
  // 1. A person with a second factor, under the former key.
  const before = await first()
  const ana = await before.signedUp(CREDENTIALS.email)
  const { json } = await ana.post('/two-factor', { password: PASSWORD })
  const confirmed = await ana.post('/two-factor/confirm', { code: totp(json.totp_uri) })
  assert.equal(confirmed.status, 200, confirmed.body)
  await before.close()
  // 2. The change, while an instance runs that knows both.
  const during = await both()
  const change = { from: KEYS, to: NEW_KEYS, issuer: 'https://auth.example' }
  const digestKey = NEW_KEYS.secretDigest
  await resealSigningKeys(change, systemContext({ store, digestKey, now: Date.now }))
  const accounts = { from: KEYS.accounts, to: NEW_KEYS.accounts }
  const moved = await resealTwoFactors(accounts, store)
  assert.deepEqual(moved, { resealed: 1, total: 1, unreadable: 0 })
  assert.equal((await resealTwoFactors(accounts, store)).resealed, 0)
  const phone = during.browser()
  for (const [name, value] of ana.jar) phone.jar.set(name, value)
  assert.equal((await phone.get('/session')).status, 200)
  await during.close()
  // 3. Without the former key.
  const afterwards = await last()
  const other = afterwards.browser()
  for (const [name, value] of ana.jar) other.jar.set(name, value)
  assert.equal((await other.get('/session')).status, 401)
  assert.deepEqual((await other.post('/sign-in', CREDENTIALS)).json, { two_factor: 'required' })
  const [backup_code] = json.backup_codes
  assert.equal((await other.post('/sign-in/two-factor', { backup_code })).status, 200)
  const off = await other.post('/two-factor/disable', { password: PASSWORD })
  assert.equal(off.status, 200, off.body)
  await afterwards.close()
  await store.close()
})
