import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '@modulariot/oauth/client'
import { settingsFrom } from './environment.ts'

const ENVIRONMENT = {
  MIOT_TOKEN_URL: 'https://auth.example/api/v1/login',
  MIOT_API_URL: 'https://api.example',
  MIOT_CLIENT_ID: 'client-1',
  MIOT_CLIENT_SECRET: 'secret-1',
  MIOT_AUDIENCE: 'https://api.example/v1',
}

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(ENVIRONMENT).filter(([name]) => !names.includes(name)))

describe('the environment', () => {
  it('holds everything a client needs', () => {
    const { client_secret, ...rest } = settingsFrom(ENVIRONMENT, null)
    assert.deepEqual(rest, {
      token_endpoint: 'https://auth.example/api/v1/login',
      apiUrl: 'https://api.example',
      client_id: 'client-1',
      audience: 'https://api.example/v1',
    })
    assert.equal((client_secret as () => string)(), 'secret-1')
  })

  it('may name a file, which is read again each time', () => {
    const environment = { ...without('MIOT_CLIENT_SECRET'), MIOT_CLIENT_SECRET_FILE: '/run/secret' }
    let reads = 0
    const { client_secret } = settingsFrom(environment, (path) => `${path} ${++reads}\n`)
    const read = client_secret as () => string
    assert.deepEqual([read(), read()], ['/run/secret 1', '/run/secret 2'])
  })

  it('need not hold settings given as options', () => {
    const given = { apiUrl: 'x', issuer: 'https://auth.example', client_key: {} }
    const environment = without('MIOT_TOKEN_URL', 'MIOT_API_URL', 'MIOT_CLIENT_SECRET')
    assert.deepEqual(settingsFrom(environment, null, given), {
      client_id: 'client-1',
      audience: 'https://api.example/v1',
    })
  })

  it('that names a missing file is an error naming it', () => {
    const environment = { ...without('MIOT_CLIENT_ID'), MIOT_CLIENT_ID_FILE: '/nowhere' }
    const readFile = () => {
      throw new Error('ENOENT')
    }
    assert.throws(() => settingsFrom(environment, readFile), /MIOT_CLIENT_ID_FILE: \/nowhere/)
  })

  const faulty: readonly [string, Record<string, string>, RegExp][] = [
    [
      'lists everything missing',
      without('MIOT_API_URL', 'MIOT_AUDIENCE'),
      /MIOT_API_URL is not set; MIOT_AUDIENCE is not set/,
    ],
    [
      'treats an empty value as not set',
      { ...ENVIRONMENT, MIOT_CLIENT_ID: '' },
      /MIOT_CLIENT_ID is/,
    ],
    [
      'refuses both a value and a file',
      { ...ENVIRONMENT, MIOT_CLIENT_SECRET_FILE: '/x' },
      /both set/,
    ],
    [
      'names the entry that can read files',
      { ...without('MIOT_CLIENT_SECRET'), MIOT_CLIENT_SECRET_FILE: '/x' },
      /@modulariot\/sdk\/node/,
    ],
  ]
  for (const [what, environment, message] of faulty) {
    it(what, () => {
      assert.throws(
        () => settingsFrom(environment, null),
        (error: Error) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, message)
          assert.doesNotMatch(error.message, /secret-1/)
          return true
        },
      )
    })
  }
})
