import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { contextOf, createInstallation } from '../testing/small-installation.fixture.ts'
import { backup } from './backup.ts'
import { restore } from './restore.ts'

const [KEY, OTHER] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]
const SHARED_MEMORY = '/dev/shm'

describe('the encryption key beside a backup', () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-key-check-'))
  const data = join(folder, 'data')
  before(() => createInstallation(data, KEY))
  after(() => rmSync(folder, { recursive: true }))

  async function textOf(name: string, env: Record<string, string>): Promise<string> {
    const printed: string[] = []
    const directory = join(folder, name)
    const options = { directory, withoutKey: false, program: '0.1.0' }
    await backup(contextOf(data, env, printed), {}, options)
    return printed.join('')
  }

  it('is checked where it is at hand', async () => {
    assert.match(await textOf('file', {}), /The encryption key opens the signing keys/)
    const env = { MIOT_ENCRYPTION_KEY: KEY }
    assert.match(await textOf('setting', env), /The encryption key opens the signing keys/)
  })

  it('that is another one ends the backup, which leaves nothing', async () => {
    await assert.rejects(textOf('other', { MIOT_ENCRYPTION_KEY: OTHER }), {
      code: 'failure',
      message:
        /^The key of MIOT_ENCRYPTION_KEY does not open the signing keys, so this backup was not kept: set /,
    })
    writeFileSync(join(data, 'encryption.key'), OTHER)
    await assert.rejects(textOf('other', {}), { message: /encryption\.key does not open/ })
    writeFileSync(join(data, 'encryption.key'), KEY)
    assert.deepEqual(readdirSync(folder).sort(), ['data', 'file', 'setting'])
  })

  it('that a command prints is not checked, and the command is not run', async () => {
    const env = { MIOT_ENCRYPTION_KEY_COMMAND: `touch ${folder}/ran` }
    assert.match(await textOf('command', env), /was not checked: run miot doctor/)
    assert.ok(!readdirSync(folder).includes('ran'))
  })
})

/** Why there are no two disks here; false: there are. */
function oneDisk(): string | false {
  const shared = statSync(SHARED_MEMORY, { throwIfNoEntry: false })
  if (shared !== undefined && shared.dev !== statSync(tmpdir()).dev) return false
  return `NOT TESTED: ${SHARED_MEMORY} is no other disk than ${tmpdir()}`
}

it('a restore puts databases and key on different disks', { skip: oneDisk() }, async (t) => {
  const [here, there] = [tmpdir(), SHARED_MEMORY].map((place) => {
    const folder = mkdtempSync(join(place, 'miot-disks-'))
    t.after(() => rmSync(folder, { recursive: true }))
    return folder
  }) as [string, string]
  await createInstallation(join(here, 'data'), KEY)
  const directory = join(here, 'backup')
  await backup(
    contextOf(join(here, 'data'), {}),
    {},
    {
      ...{ directory, withoutKey: false, program: '0.1.0' },
    },
  )
  const restored = join(here, 'restored')
  const env = { MIOT_DATABASE_URL: `sqlite:${there}/stores` }
  await restore(contextOf(restored, env), {}, directory)
  assert.deepEqual(readdirSync(restored), ['encryption.key'])
  assert.deepEqual(readdirSync(join(there, 'stores')).sort(), ['auth.db', 'telemetry.db'])
  for (const path of [`${restored}/encryption.key`, `${there}/stores/auth.db`]) {
    assert.equal(statSync(path).mode & 0o777, 0o600)
  }
})
