import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { parseConfig } from './parse-config.ts'
import { ConfigError } from './read-settings.ts'

const parse = (env: Record<string, string>) => parseConfig(env, () => '')
const SIGNER = { MIOT_SIGNER_COMMAND: '/usr/local/bin/signer --token one' }

describe('the settings of the external signer', () => {
  it('are off by default', () => {
    const { signer, keyPolicy } = parse({})
    assert.equal(signer, null)
    assert.equal(keyPolicy.newKeys, null)
  })

  it('make new keys with the signer, which gets none of our settings', () => {
    const { signer, keyPolicy } = parse({ ...SIGNER, HOME: '/home/miot' })
    assert.deepEqual(signer, {
      setting: 'MIOT_SIGNER_COMMAND',
      words: ['/usr/local/bin/signer', '--token', 'one'],
      env: { HOME: '/home/miot' },
    })
    assert.equal(keyPolicy.newKeys, 'signer')
  })

  it('lead back to the store', () => {
    assert.equal(parse({ ...SIGNER, MIOT_SIGNING_KEYS: 'store' }).keyPolicy.newKeys, 'store')
    assert.equal(parse({ MIOT_SIGNING_KEYS: 'store' }).keyPolicy.newKeys, null)
  })

  for (const [what, env, fault] of [
    ['no program', { MIOT_SIGNING_KEYS: 'signer' }, /set MIOT_SIGNER_COMMAND/],
    ['an unknown place', { ...SIGNER, MIOT_SIGNING_KEYS: 'hsm' }, /MIOT_SIGNING_KEYS must be/],
    ['a shell', { MIOT_SIGNER_COMMAND: 'signer | tee log' }, /no shell runs it/],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.throws(
        () => parse(env),
        (error) => error instanceof ConfigError && fault.test(error.faults.join()),
      )
    })
  }
})

describe('MIOT_RSA_LIBRARY', () => {
  it('is auto by default, off, or a path that is made absolute', () => {
    assert.equal(parse({}).rsaLibrary, 'auto')
    assert.equal(parse({ MIOT_RSA_LIBRARY: 'off' }).rsaLibrary, 'off')
    for (const text of ['lib/libcrypto_mb.so.13', resolve('lib/libcrypto_mb.so.13')]) {
      assert.equal(parse({ MIOT_RSA_LIBRARY: text }).rsaLibrary, resolve('lib/libcrypto_mb.so.13'))
    }
  })

  it('refuses a name, which would be looked for in folders of the environment', () => {
    for (const text of ['on', 'libcrypto_mb.so.13']) {
      assert.throws(
        () => parse({ MIOT_RSA_LIBRARY: text }),
        (error) =>
          error instanceof ConfigError && /must be auto, off or the path/.test(error.faults.join()),
      )
    }
  })
})
