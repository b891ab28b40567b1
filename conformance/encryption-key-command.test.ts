/**
 * The encryption key is kept outside: `MIOT_ENCRYPTION_KEY_COMMAND` prints it, first as a script of
 * our own, then decrypted by a real PKCS#11 token (SoftHSM) with the script in examples/keys.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from './support/environment.ts'
import { type RunningServer, runMiot, startServer } from './support/running-server.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-key-command-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

async function loginStatus({ url, credentials }: RunningServer): Promise<number> {
  const body = new URLSearchParams({ ...credentials })
  const answer = await fetch(`${url}/oauth2/token`, { method: 'POST', body })
  await answer.body?.cancel()
  return answer.status
}

describe('an installation whose encryption key a command prints', { timeout: 120_000 }, () => {
  const [former, next] = [randomBytes(32).toString('hex'), randomBytes(32).toString('base64url')]
  let server: RunningServer
  before(async () => {
    write('former.key', former)
    write('next.key', next)
    write('key.sh', `echo run >> ${folder}/runs; cat ${folder}/former.key`)
    server = await startServer({
      MIOT_ENCRYPTION_KEY_COMMAND: `sh ${folder}/key.sh`,
      MIOT_NEW_ENCRYPTION_KEY_COMMAND: `cat ${folder}/next.key`,
    })
  })
  after(() => server.stop())

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 })
  }
  const runs = (): number => readFileSync(join(folder, 'runs'), 'utf8').split('\n').length - 1

  it('starts, logs clients in, and keeps no key on its disk', async () => {
    assert.equal(runs(), 1)
    assert.equal(await loginStatus(server), 200)
    assert.ok(!existsSync(join(server.dataDir, 'encryption.key')))
  })

  it('runs it once for each command that needs the key, and for no other', async () => {
    const doctor = await server.miot(['doctor', '--no-json'])
    assert.match(doctor.stdout, /ok +encryption key +printed by sh \(MIOT_ENCRYPTION_KEY_COMMAND\)/)
    assert.match(doctor.stdout, /ok +store and keys/)
    assert.equal(runs(), 2)
    assert.equal((await server.miot(['health'])).status, 0)
    const backup = await server.miot(['backup', join(folder, 'backup'), '--no-json'])
    assert.match(backup.stdout, /NOT INCLUDED: the encryption key.* MIOT_ENCRYPTION_KEY_COMMAND\./)
    assert.equal(runs(), 2)
  })

  it('restores its backup with the same command', async () => {
    const env = { MIOT_DATA_DIR: join(folder, 'restored') }
    const restored = await server.miot(['restore', join(folder, 'backup')], { env })
    assert.equal(restored.status, 0, restored.stderr)
    const wrong = {
      MIOT_DATA_DIR: join(folder, 'wrong'),
      MIOT_ENCRYPTION_KEY_COMMAND: `cat ${folder}/next.key`,
    }
    const refused = await server.miot(['restore', join(folder, 'backup')], { env: wrong })
    assert.match(
      refused.stderr,
      /let MIOT_ENCRYPTION_KEY_COMMAND print that key, and restore again/,
    )
  })

  it('changes the key to the one that the second command prints', async () => {
    const { status, stdout, stderr } = await server.miot(['keys', 'reseal', '--json'])
    assert.equal(status, 0, stderr)
    const { resealed, total } = JSON.parse(stdout).signing_keys
    assert.ok(total > 0)
    assert.equal(resealed, total)
    assert.equal(await loginStatus(server), 200)
    const none = await server.miot(['keys', 'reseal', '--no-json'], {
      env: { MIOT_NEW_ENCRYPTION_KEY_COMMAND: '' },
    })
    assert.equal(none.status, 2)
    assert.match(none.stderr, /give --new-key-file FILE, or set MIOT_NEW_ENCRYPTION_KEY$/m)
  })

  it('reports a failure without what was printed, and escapes what was complained', async () => {
    write('bad.sh', `cat ${folder}/former.key; printf 'wrong \\033[31mPIN\\007' >&2; exit 9`)
    const env = { MIOT_ENCRYPTION_KEY_COMMAND: `sh ${folder}/bad.sh` }
    const { status, stdout, stderr } = await server.miot(['keys', 'list', '--no-json'], { env })
    assert.equal(status, 1)
    assert.equal(stdout, '')
    assert.equal(
      stderr,
      'miot: MIOT_ENCRYPTION_KEY_COMMAND: sh ended with status 9 and wrote “wrong \\u001b[31mPIN\\u0007”: ' +
        'run it as this user with > /dev/null, and correct it or the setting\n',
    )
    const doctor = await server.miot(['doctor', '--no-json'], { env })
    assert.match(doctor.stdout, /FAULT +encryption key +MIOT_ENCRYPTION_KEY_COMMAND: sh ended/)
    assert.equal(doctor.stdout.split('MIOT_ENCRYPTION_KEY_COMMAND').length, 2, 'named once')
    assert.match(doctor.stdout, /skipped +store and keys +there is no encryption key to open/)
    for (const text of [doctor.stdout + doctor.stderr, server.output()]) {
      assert.ok(!text.includes(former) && !text.includes(next), 'a key is in the output')
    }
  })
})

/** Where Debian, Fedora and Homebrew install it. */
const MODULE = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
].find((path) => existsSync(path))

function missing(): string | false {
  try {
    for (const program of ['softhsm2-util', 'pkcs11-tool', 'openssl']) {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    }
    if (MODULE !== undefined) return false
  } catch {
    // Named below.
  }
  const reason = 'NOT TESTED: the encryption key in a PKCS#11 token; install softhsm2 and opensc'
  process.stderr.write(`${reason}\n`)
  return reason
}

describe('the encryption key in a PKCS#11 token', { skip: missing(), timeout: 120_000 }, () => {
  let hsm: string
  let settings: Record<string, string>
  let server: RunningServer
  before(async () => {
    hsm = join(folder, 'hsm')
    mkdirSync(join(hsm, 'tokens'), { recursive: true })
    writeFileSync(join(hsm, 'softhsm2.conf'), `directories.tokendir = ${hsm}/tokens\n`)
    writeFileSync(join(hsm, 'pin'), '1234\n', { mode: 0o600 })
    const script = join(hsm, 'pkcs11-key.sh')
    copyFileSync(fileURLToPath(new URL('../examples/keys/pkcs11-key.sh', import.meta.url)), script)
    chmodSync(script, 0o755)
    settings = {
      SOFTHSM2_CONF: join(hsm, 'softhsm2.conf'),
      PKCS11_MODULE: MODULE as string,
      PKCS11_TOKEN: 'modulariot',
      MIOT_ENCRYPTION_KEY_COMMAND: `${script} ${hsm}`,
    }
    makeToken()
    server = await startServer(settings)
  })
  after(() => server?.stop())

  /** The recipe of docs/operations.md. The RSA key is made in the token and never leaves it. */
  function makeToken(): void {
    const recipe = `
      softhsm2-util --init-token --free --label "$PKCS11_TOKEN" --pin 1234 --so-pin 5678
      export PIN=$(cat pin)
      pkcs11-tool --module "$PKCS11_MODULE" --token-label "$PKCS11_TOKEN" --login --pin env:PIN \
        --keypairgen --key-type rsa:3072 --id 01 --label modulariot --usage-decrypt
      pkcs11-tool --module "$PKCS11_MODULE" --token-label "$PKCS11_TOKEN" \
        --read-object --type pubkey --id 01 --output-file public.der
      openssl rand -hex 32 | openssl pkeyutl -encrypt -pubin -keyform DER -inkey public.der \
        -pkeyopt rsa_padding_mode:oaep -out encryption-key.enc`
    const env = { ...environmentWithoutSettings(), ...settings }
    execFileSync('sh', ['-ec', recipe], { cwd: hsm, env, stdio: 'pipe', timeout: 60_000 })
  }

  it('opens the installation, again after a restart', async () => {
    assert.equal(await loginStatus(server), 200)
    assert.ok(!existsSync(join(server.dataDir, 'encryption.key')))
    await server.restart()
    assert.equal(await loginStatus(server), 200)
  })

  it('with a wrong PIN, the server says so and nothing else', async () => {
    writeFileSync(join(hsm, 'pin'), '9999\n')
    const env = { ...settings, MIOT_DATA_DIR: server.dataDir, MIOT_METRICS_PORT: '0' }
    const { status, stdout, stderr } = await runMiot(['serve', '--no-json'], { env })
    assert.equal(status, 1)
    assert.equal(stdout, '')
    assert.match(
      stderr,
      /^miot: MIOT_ENCRYPTION_KEY_COMMAND: \S+\/pkcs11-key\.sh ended with status 1 and wrote “[^”]*CKR_PIN_INCORRECT[^”]*”: run it as this user [^\n]*\n$/,
    )
    assert.ok(!stderr.includes('9999'))
  })
})
