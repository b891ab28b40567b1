import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type AuthStore, openSqliteAuthStore } from '@modulariot/auth'
import { type AuthServer, createAuthServer } from '@modulariot/auth/server'
import { filesOf, parseConfig } from '../config/parse-config.ts'
import type { ConfigWithKeys } from './given-keys.ts'
import { type PreparedInstallation, prepareInstallation } from './open-installation.ts'

let folder: string
let store: AuthStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-installation-'))
  // One database of several instances, and no other with them.
  store = openSqliteAuthStore(join(folder, 'shared.db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** No key of theirs comes from a command. */
const configOf = (dataDir: string, more: Record<string, string> = {}): ConfigWithKeys =>
  parseConfig({ MIOT_DATA_DIR: join(folder, dataDir), ...more }, () => '') as ConfigWithKeys

async function start({ keys, explain }: PreparedInstallation): Promise<void> {
  const server: AuthServer = await createAuthServer({
    issuer: 'http://localhost:8080',
    store,
    installationKeys: keys,
    now: Date.now,
    onError: (error) => assert.fail(String(error)),
  }).catch((error) => {
    throw explain(error)
  })
  await server.close()
}

describe('instances that start concurrently on an empty database', () => {
  it('with separate data directories: one runs, the other removes its useless key', async () => {
    const [one, other] = [configOf('one'), configOf('other')]
    const [first, second] = [
      await prepareInstallation(one, store),
      await prepareInstallation(other, store),
    ]
    await start(first)
    await assert.rejects(start(second), /is missing.*set MIOT_ENCRYPTION_KEY/)
    assert.ok(existsSync(filesOf(one).encryptionKey))
    assert.deepEqual(readdirSync(other.dataDir), [])
    await assert.rejects(prepareInstallation(other, store), /is missing/, 'and again')
    const MIOT_ENCRYPTION_KEY = readFileSync(filesOf(one).encryptionKey, 'utf8').trim()
    await start(await prepareInstallation(configOf('other', { MIOT_ENCRYPTION_KEY }), store))
  })

  it('with one data directory: all use the key that one has created', async () => {
    const config = configOf('one')
    const prepared = await Promise.all([1, 2, 3].map(() => prepareInstallation(config, store)))
    const [first, ...others] = prepared.map(({ keys }) => keys)
    for (const keys of others) assert.deepEqual(keys, first)
    for (const one of prepared) await start(one)
    assert.deepEqual(readdirSync(config.dataDir), ['encryption.key'])
  })
})

describe('a wrong encryption key', () => {
  it('stays in place when it existed before, and the message names it', async () => {
    await start(await prepareInstallation(configOf('one'), store))
    const other = configOf('other')
    const { encryptionKey: path } = filesOf(other)
    mkdirSync(other.dataDir, { mode: 0o700 })
    writeFileSync(path, 'A'.repeat(43), { mode: 0o600 })
    await assert.rejects(start(await prepareInstallation(other, store)), (error) => {
      assert.ok(error instanceof Error)
      assert.ok(error.message.startsWith(`${path} does not decrypt the signing keys of`))
      return true
    })
    assert.ok(existsSync(path))
  })
})
