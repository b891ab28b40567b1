import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { displayName } from './database.ts'
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
    assert.deepEqual(config.database, { kind: 'sqlite', directory: config.dataDir })
    assert.equal(config.encryptionKey, null)
    assert.equal(config.metricsPort, 9464)
    assert.ok(Object.isFrozen(config))
  })

  it('keeps the API’s audience apart from those of the server’s own APIs', () => {
    for (const path of ['admin/v1', 'oauth2/revocations']) {
      const [fault = ''] = faultsOf({ MIOT_API_AUDIENCE: `http://localhost:8080/${path}` })
      assert.match(fault, /^MIOT_API_AUDIENCE is the audience of an API of this server/)
    }
  })

  it('serves no metrics on port 0', () => {
    assert.equal(parseConfig({ MIOT_METRICS_PORT: '0' }, noFiles).metricsPort, null)
    assert.equal(parseConfig({ MIOT_METRICS_PORT: '9' }, noFiles).metricsPort, 9)
  })

  it('keeps telemetry forever by default', () => {
    assert.equal(parseConfig({}, noFiles).retentionDays, null)
    assert.equal(parseConfig({ MIOT_RETENTION_DAYS: '0' }, noFiles).retentionDays, null)
    assert.equal(parseConfig({ MIOT_RETENTION_DAYS: '90' }, noFiles).retentionDays, 90)
    for (const [days, kept] of [
      ['0', null],
      ['365', 365],
    ] as const) {
      const config = parseConfig({ MIOT_AUDIT_RETENTION_DAYS: days }, noFiles)
      assert.deepEqual([config.auditRetentionDays, config.retentionDays], [kept, null])
    }
    assert.equal(parseConfig({}, noFiles).auditRetentionDays, null)
  })

  it('validates strictly by default', () => {
    assert.equal(parseConfig({}, noFiles).apiValidation, 'strict')
    assert.equal(parseConfig({ MIOT_API_VALIDATION: 'lenient' }, noFiles).apiValidation, 'lenient')
    assert.equal(parseConfig({}, noFiles).clientMemoryMib, 256)
    assert.equal(parseConfig({}, noFiles).apiClientCpuMs, 250)
    assert.equal(parseConfig({ MIOT_API_CLIENT_CPU: '0' }, noFiles).apiClientCpuMs, 0)
    assert.deepEqual(faultsOf({ MIOT_API_VALIDATION: 'off' }), [
      'MIOT_API_VALIDATION must be one of strict, lenient',
    ])
  })

  it('derives the issuer from the port', () => {
    assert.equal(parseConfig({ MIOT_PORT: '9000' }, noFiles).issuer, 'http://localhost:9000')
  })

  it('treats an empty setting as not set', () => {
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

  it('refuses an unknown name and suggests the nearest one', () => {
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

  it('reports every fault at once, in the order of the table', () => {
    const faults = faultsOf({ MIOT_LOG_LEVEL: 'loud', MIOT_ISSUER: 'x', MIOT_PORT: '0' })
    assert.deepEqual(
      faults.map((fault) => fault.split(' ')[0]),
      ['MIOT_PORT', 'MIOT_ISSUER', 'MIOT_LOG_LEVEL'],
    )
  })

  const REFUSED: readonly (readonly [string, readonly string[]])[] = [
    ['MIOT_PORT', ['0', '65536', '80a', '-1', '1e3', ' 80']],
    ['MIOT_METRICS_PORT', ['off', '-1', '00', '65536']],
    ['MIOT_HOST', ['0.0.0.0', '::', '192.0.2.1', '::ffff:127.0.0.1', 'example.com', '127.1']],
    ['MIOT_TLS_CERT', ['-----BEGIN CERTIFICATE-----']],
    ['MIOT_TLS_KEY', ['-----BEGIN PRIVATE KEY-----']],
    [
      'MIOT_TRUSTED_PROXIES',
      [
        '0.0.0.0/0',
        '::/0',
        '0.0.0.0/1,128.0.0.0/1',
        '2000::/3',
        '::ffff:0:0/96',
        '::ffff:10.0.0.1',
        '10.0.0.1/8',
        'fd00::1/64',
        '10.0.0.0/33',
        'fd00::/129',
        '10.0.0.0/08',
        '10.0.0.0/255.0.0.0',
        '10.0.0.1,',
        '10.0.0.1 10.0.0.2',
        '10.0.0',
        '0x0a.0.0.1',
        'fe80::1%eth0',
        'uniquelocal',
        '*',
        'true',
      ],
    ],
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
    [
      'MIOT_DATABASE_URL',
      [
        'sqlite:',
        'sqlite://host/path',
        'mysql://x',
        'data',
        'postgres://x',
        'postgres://x/',
        'postgres://x/a/b',
        'postgres:x',
        'postgres://a:b c@x/y',
        'postgres://a:p/w@x/y',
        'postgres://x/y?ssl=on',
        'postgres://x/y?sslMode=verify-full',
        'postgres://x/y?sslmode=full',
      ],
    ],
    ['MIOT_API_AUDIENCE', ['track', "https://x/'", 'https://x y']],
    ['MIOT_ENCRYPTION_KEY', ['short', 'z'.repeat(64), `${'A'.repeat(43)}=`]],
    [
      'MIOT_ENCRYPTION_KEY_COMMAND',
      [' ', 'sh -c "cat key"', 'cat $HOME/key', 'kms | base64 -d', 'cat < key', 'cat a\\ b'],
    ],
    ['MIOT_NEW_ENCRYPTION_KEY_COMMAND', ["cat 'key'"]],
    ['MIOT_LOG_LEVEL', ['verbose', 'INFO']],
  ]
  for (const [name, values] of REFUSED) {
    for (const value of values) {
      it(`refuses ${name}=${value}`, () => {
        // Both halves of a pair are set, so that a missing half is not the fault.
        const pair = name === 'MIOT_TLS_CERT' ? 'MIOT_TLS_KEY' : 'MIOT_TLS_CERT'
        const faults = faultsOf({
          ...(name.startsWith('MIOT_TLS_') && { [pair]: '/x.pem' }),
          [name]: value,
        })
        assert.equal(faults.length, 1)
        assert.match(faults[0] ?? '', new RegExp(`^${name} `))
      })
    }
  }

  const TLS = { MIOT_TLS_CERT: '/tls/cert.pem', MIOT_TLS_KEY: '/tls/key.pem' }

  it('turns TLS on with a certificate and its key, and derives an https issuer', () => {
    const config = parseConfig({ ...TLS, MIOT_HOST: '0.0.0.0', MIOT_PORT: '8443' }, noFiles)
    assert.deepEqual(config.tls, { certFile: '/tls/cert.pem', keyFile: '/tls/key.pem' })
    assert.equal(config.issuer, 'https://localhost:8443')
    assert.deepEqual(config.trustedProxies, [])
  })

  it('refuses half of the pair, and names the other half', () => {
    assert.match(
      faultsOf({ MIOT_TLS_CERT: '/c', MIOT_HOST: '::' }).join('|'),
      /^MIOT_TLS_KEY [^|]*$/,
    )
    assert.match(
      faultsOf({ MIOT_TLS_KEY: '/k', MIOT_HOST: '::' }).join('|'),
      /^MIOT_TLS_CERT [^|]*$/,
    )
  })

  it('refuses an http issuer where TLS is on', () => {
    const faults = faultsOf({ ...TLS, MIOT_ISSUER: 'http://localhost:8080' })
    assert.match(faults.join('|'), /^MIOT_ISSUER must be an https URL[^|]*$/)
  })

  it('refuses plaintext off loopback, and says what to set', () => {
    assert.deepEqual(faultsOf({ MIOT_HOST: '192.0.2.1' }), [
      'MIOT_HOST 192.0.2.1 can be reached from other machines, and secrets must not be sent in plaintext: set MIOT_TLS_CERT and MIOT_TLS_KEY, or MIOT_TRUSTED_PROXIES to the addresses of the proxies that terminate TLS',
    ])
  })

  for (const host of ['127.0.0.1', '127.0.0.53', '::1', 'localhost']) {
    it(`serves plaintext on ${host}`, () => {
      assert.equal(parseConfig({ MIOT_HOST: host }, noFiles).tls, null)
    })
  }

  it('serves plaintext anywhere once trusted proxies are declared', () => {
    const config = parseConfig(
      {
        MIOT_HOST: '0.0.0.0',
        MIOT_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,192.0.2.7,2001:DB8::/32,::1,fd00:0:0:1::/64',
      },
      noFiles,
    )
    assert.equal(config.issuer, 'http://localhost:8080')
    assert.deepEqual(config.trustedProxies, [
      '127.0.0.0/8',
      '::1/128',
      '10.0.0.0/8',
      '192.0.2.7',
      '2001:DB8::/32',
      '::1',
      'fd00:0:0:1::/64',
    ])
  })

  it('reports invalid trusted proxies without a second fault about the host', () => {
    const faults = faultsOf({ MIOT_HOST: '0.0.0.0', MIOT_TRUSTED_PROXIES: 'anyone' })
    assert.match(faults.join('|'), /^MIOT_TRUSTED_PROXIES [^|]*"anyone"[^|]*$/)
  })

  it('never repeats a secret in a message', () => {
    assert.ok(!faultsOf({ MIOT_ENCRYPTION_KEY: 'hunter2' }).join().includes('hunter2'))
    const pem = '-----BEGIN PRIVATE KEY-----hunter2'
    assert.ok(!faultsOf({ MIOT_TLS_KEY: pem }).join().includes('hunter2'))
  })

  it('accepts the encryption key in base64url or hex', () => {
    const bytes = Buffer.alloc(32, 7)
    for (const encoding of ['base64url', 'hex'] as const) {
      const { encryptionKey } = parseConfig(
        { MIOT_ENCRYPTION_KEY: bytes.toString(encoding) },
        noFiles,
      )
      assert.deepEqual(encryptionKey, new Uint8Array(bytes))
    }
  })

  it('accepts a command that prints the key, with words as a PKCS#11 URI has them', () => {
    const { encryptionKey } = parseConfig(
      {
        PATH: '/bin',
        MIOT_PORT: '1',
        MIOT_ENCRYPTION_KEY_COMMAND: ' kms  --key pkcs11:token=a;id=%01?x=y&z=1 ',
      },
      noFiles,
    )
    assert.deepEqual(encryptionKey, {
      setting: 'MIOT_ENCRYPTION_KEY_COMMAND',
      words: ['kms', '--key', 'pkcs11:token=a;id=%01?x=y&z=1'],
      env: { PATH: '/bin' },
    })
  })

  it('refuses a command that no program could get', () => {
    const [fault = ''] = faultsOf({ MIOT_ENCRYPTION_KEY_COMMAND: 'cat a\0b' })
    assert.match(fault, /^MIOT_ENCRYPTION_KEY_COMMAND must be words separated by spaces/)
  })

  it('refuses a key beside a command that prints it, wherever either is', () => {
    for (const name of ['MIOT_ENCRYPTION_KEY', 'MIOT_NEW_ENCRYPTION_KEY']) {
      const files = { [`${name}_FILE`]: '/key', [`${name}_COMMAND_FILE`]: '/command' }
      const readFile = (path: string) => (path === '/key' ? 'A'.repeat(43) : 'cat key')
      assert.deepEqual(faultsOf(files, readFile), [
        `${name} (or ${name}_FILE) and ${name}_COMMAND are both set; set one of them`,
      ])
    }
  })

  it('accepts sqlite:<directory> as the directory of the databases', () => {
    for (const url of ['sqlite:/var/x', 'sqlite:///var/x']) {
      const { database } = parseConfig({ MIOT_DATABASE_URL: url }, noFiles)
      assert.deepEqual(database, { kind: 'sqlite', directory: '/var/x' })
    }
  })

  it('accepts postgres:// unchanged, also from a file, and prints it without the password', () => {
    const url = 'postgresql://miot:s%40cret@db.example:5433/modulariot?sslmode=verify-full'
    const { database } = parseConfig({ MIOT_DATABASE_URL_FILE: '/run/url' }, () => `${url}\n`)
    assert.deepEqual(database, { kind: 'postgres', url })
    assert.equal(displayName(database), 'postgres://db.example:5433/modulariot')
  })

  it('does not repeat an invalid database URL, which may contain a password', () => {
    for (const url of ['postgres://miot:hush/hush@x/y', 'postgres://miot:hush@x', 'mysql:hush']) {
      const [fault] = faultsOf({ MIOT_DATABASE_URL: url })
      assert.match(fault ?? '', /^MIOT_DATABASE_URL (must|cannot)/)
      assert.doesNotMatch(fault ?? '', /hush/)
    }
  })
})
