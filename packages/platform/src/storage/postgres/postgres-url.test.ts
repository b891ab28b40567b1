import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePostgresUrl } from './postgres-url.ts'

const URL_WITHOUT = 'postgres://miot:hush@db.example/modulariot'

function faultOf(parameters: string): string {
  try {
    parsePostgresUrl(`${URL_WITHOUT}?${parameters}`)
  } catch (error) {
    return (error as Error).message
  }
  return 'none'
}

describe('the URL of a PostgreSQL database', () => {
  it('names everything there is to connect to', () => {
    assert.deepEqual(
      parsePostgresUrl(
        'postgresql://mi%40ot:s%2Fcret@[::1]:5433/tele%20metry?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=5',
      ),
      {
        ...{ host: '::1', port: 5433, user: 'mi@ot', password: 's/cret', database: 'tele metry' },
        ...{ tls: 'verified', tlsFiles: { ca: '/ca.pem' }, directTls: false },
        connectTimeoutMs: 5000,
      },
    )
    assert.deepEqual(parsePostgresUrl('postgres://db/x'), {
      ...{ host: 'db', database: 'x', tlsFiles: {}, directTls: false },
    })
  })

  it('may lead to a Unix socket', () => {
    const { host, user } = parsePostgresUrl('postgres:///x?host=/run/postgresql&user=miot')
    assert.deepEqual([host, user], ['/run/postgresql', 'miot'])
    assert.equal(parsePostgresUrl('postgres://miot@%2Frun%2Fpg/x').host, '/run/pg')
  })

  it('turns TLS on with every mode of libpq but disable, and never without verification but by no-verify', () => {
    for (const mode of ['allow', 'prefer', 'require', 'verify-ca', 'verify-full']) {
      assert.equal(parsePostgresUrl(`${URL_WITHOUT}?sslmode=${mode}`).tls, 'verified')
    }
    assert.equal(parsePostgresUrl(`${URL_WITHOUT}?sslmode=no-verify`).tls, 'unverified')
    assert.equal(parsePostgresUrl(`${URL_WITHOUT}?sslmode=disable`).tls, 'off')
    assert.equal(parsePostgresUrl(`${URL_WITHOUT}?sslrootcert=/ca.pem`).tls, 'verified')
    assert.equal(parsePostgresUrl(`${URL_WITHOUT}?sslnegotiation=direct`).tls, 'verified')
    assert.equal(parsePostgresUrl(URL_WITHOUT).tls, undefined)
  })

  const UNKNOWN: readonly (readonly [string, string, string])[] = [
    ['ssl=on', 'ssl', 'sslmode'],
    ['ssl=true', 'ssl', 'sslmode'],
    ['sslMode=verify-full', 'sslMode', 'sslmode'],
    ['tls=true', 'tls', 'sslmode'],
    ['sslrootcerts=/x', 'sslrootcerts', 'sslrootcert'],
    ['connectTimeout=5', 'connectTimeout', 'connect_timeout'],
    ['connection_timeout=5', 'connection_timeout', 'connect_timeout'],
  ]
  for (const [parameters, name, meant] of UNKNOWN) {
    it(`with ?${parameters} is refused with the name it should have`, () => {
      const message = faultOf(parameters)
      assert.match(
        message,
        new RegExp(`^has the unknown parameter ${name}; did you mean ${meant}\\?`),
      )
    })
  }

  for (const parameters of [
    'sslmode=verify_full',
    'sslmode=constructor',
    'sslmode=',
    'sslmode=disable&sslmode=require',
    'sslmode=disable&sslrootcert=/x',
    'sslnegotiation=maybe',
    'connect_timeout=0',
    'connect_timeout=2.5',
    'connect_timeout=601',
    'port=0',
    'password=a#b&sslmode=verify-full',
  ]) {
    it(`with ?${parameters} is refused`, () => assert.match(faultOf(parameters), /^has /))
  }

  it('is refused without repeating what may be a password', () => {
    assert.doesNotMatch(faultOf('p@hush=1&x'), /hush/)
    assert.doesNotMatch(faultOf('sslmode=hush'), /hush/)
    assert.throws(() => parsePostgresUrl('postgres://miot:%E0%A4%A@db/x'), /cannot be read/)
  })
})
