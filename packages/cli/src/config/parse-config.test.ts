import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from './parse-config.ts'
import { ConfigError } from './read-settings.ts'

const noFiles = (path: string): string => {
  throw Object.assign(new Error(path), { code: 'ENOENT' })
}

/** The faults of an environment, a line each. */
function faultsOf(env: Record<string, string>, readFile = noFiles): string[] {
  try {
    parseConfig(env, readFile)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message.split('\n')
  }
}

describe('parseConfig', () => {
  it('needs no setting at all', () => {
    const config = parseConfig({ PATH: '/bin' }, noFiles)
    assert.equal(config.host, '127.0.0.1')
    assert.equal(config.port, 8080)
    assert.equal(config.issuer, 'http://localhost:8080')
    assert.equal(config.databaseDir, config.dataDir)
    assert.equal(config.encryptionKey, null)
    assert.ok(Object.isFrozen(config))
  })

  it('derives the issuer from the port', () => {
    assert.equal(parseConfig({ MIOT_PORT: '9000' }, noFiles).issuer, 'http://localhost:9000')
  })

  it('takes a setting set to nothing as not set', () => {
    assert.equal(parseConfig({ MIOT_PORT: '' }, noFiles).port, 8080)
  })

  it('reads X from the file that X_FILE names, without the newline at its end', () => {
    const readFile = (path: string): string => (path === '/run/port' ? '9000\n' : noFiles(path))
    assert.equal(parseConfig({ MIOT_PORT_FILE: '/run/port' }, readFile).port, 9000)
  })

  it('refuses X beside X_FILE', () => {
    assert.deepEqual(faultsOf({ MIOT_PORT: '1', MIOT_PORT_FILE: '/run/port' }), [
      'MIOT_PORT and MIOT_PORT_FILE are both set; set one of them',
    ])
  })

  it('refuses a name it does not know, and says the nearest one', () => {
    assert.deepEqual(faultsOf({ MIOT_ISUER: 'x', MIOT_DATA_DIR_FIL: 'y' }), [
      'MIOT_ISUER is not a setting; did you mean MIOT_ISSUER?',
      'MIOT_DATA_DIR_FIL is not a setting; did you mean MIOT_DATA_DIR_FILE?',
    ])
  })

  it('names a file it cannot read', () => {
    assert.deepEqual(faultsOf({ MIOT_ISSUER_FILE: '/no/file' }), [
      'MIOT_ISSUER_FILE: cannot read /no/file (ENOENT)',
    ])
  })

  it('tells every fault at once', () => {
    assert.equal(faultsOf({ MIOT_PORT: '0', MIOT_ISSUER: 'x', MIOT_LOG_LEVEL: 'loud' }).length, 3)
  })

  const REFUSED: readonly (readonly [string, readonly string[]])[] = [
    ['MIOT_PORT', ['0', '65536', '80a', '-1', '1e3', ' 80']],
    ['MIOT_HOST', ['0.0.0.0', '::', '192.0.2.1', 'example.com']],
    [
      'MIOT_ISSUER',
      [
        'auth.example.com',
        'http://auth.example.com',
        'https://auth.example.com/path',
        'https://auth.example.com?x=1',
        'https://user@auth.example.com',
        'ftp://localhost',
      ],
    ],
    ['MIOT_DATABASE_URL', ['sqlite:', 'sqlite://host/path', 'mysql://x', 'postgres://x', 'data']],
    ['MIOT_API_AUDIENCE', ['track', "https://x/'", 'https://x y']],
    ['MIOT_ENCRYPTION_KEY', ['short', 'z'.repeat(64), `${'A'.repeat(43)}=`]],
    ['MIOT_LOG_LEVEL', ['verbose', 'INFO']],
  ]
  for (const [name, values] of REFUSED) {
    for (const value of values) {
      it(`refuses ${name}=${value}`, () => {
        const faults = faultsOf({ [name]: value })
        assert.equal(faults.length, 1)
        assert.match(faults[0] ?? '', new RegExp(`^${name} `))
      })
    }
  }

  it('never repeats a secret in its complaint', () => {
    assert.ok(!faultsOf({ MIOT_ENCRYPTION_KEY: 'hunter2' }).join().includes('hunter2'))
  })

  it('takes the encryption key in base64url or hex', () => {
    const bytes = Buffer.alloc(32, 7)
    for (const encoding of ['base64url', 'hex'] as const) {
      const { encryptionKey } = parseConfig(
        { MIOT_ENCRYPTION_KEY: bytes.toString(encoding) },
        noFiles,
      )
      assert.deepEqual(encryptionKey, new Uint8Array(bytes))
    }
  })

  it('takes sqlite:<directory> as the place of the databases', () => {
    assert.equal(parseConfig({ MIOT_DATABASE_URL: 'sqlite:/var/x' }, noFiles).databaseDir, '/var/x')
    assert.equal(
      parseConfig({ MIOT_DATABASE_URL: 'sqlite:///var/x' }, noFiles).databaseDir,
      '/var/x',
    )
  })
})
