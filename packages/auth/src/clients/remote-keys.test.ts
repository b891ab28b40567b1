import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import type { JWK } from 'jose'
import { rocaModulus, rsaJwk } from '../testing/sample-weak-keys.ts'
import { RemoteClientKeys } from './remote-keys.ts'

const JWKS_URI = 'https://keys.example/jwks'

function keyNamed(kid: string): JWK {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...(publicKey.export({ format: 'jwk' }) as JWK), kid }
}

const named = (kid: string) => ({ kid, alg: 'ES256' }) as const

/** Publishes what `keys` holds at the moment; counts the fetches by URL. */
function publish(keys: JWK[]) {
  const fetched: string[] = []
  const remote = new RemoteClientKeys(async (url) => {
    fetched.push(String(url))
    return Response.json({ keys })
  })
  return { remote, fetched }
}

describe('keys that a client publishes', () => {
  it('are fetched once, for all logins that arrive together and after', async () => {
    const { remote, fetched } = publish([keyNamed('a'), keyNamed('b')])
    const found = await Promise.all(['a', 'b', 'a'].map((kid) => remote.find(JWKS_URI, named(kid))))
    assert.ok(found.every((key) => key !== null))
    assert.ok((await remote.find(JWKS_URI, named('a'))) !== null)
    assert.deepEqual(fetched, [JWKS_URI])
  })

  it('are not fetched again for each unknown kid', async () => {
    const { remote, fetched } = publish([keyNamed('a')])
    await remote.find(JWKS_URI, named('a'))
    for (const kid of ['x', 'y', 'z']) assert.equal(await remote.find(JWKS_URI, named(kid)), null)
    assert.equal(fetched.length, 1)
  })

  it('of one URL are not those of another', async () => {
    const { remote, fetched } = publish([keyNamed('a')])
    await remote.find(JWKS_URI, named('a'))
    await remote.find('https://other.example/jwks', named('a'))
    assert.deepEqual(fetched, [JWKS_URI, 'https://other.example/jwks'])
  })

  it('prove nothing when they are weak', async () => {
    const { remote } = publish([{ ...rsaJwk(rocaModulus(2048)), kid: 'weak' }])
    assert.equal(await remote.find(JWKS_URI, { kid: 'weak', alg: 'RS256' }), null)
  })

  it('may be marked as not extractable', async () => {
    const { remote } = publish([{ ...keyNamed('a'), ext: false }])
    assert.notEqual(await remote.find(JWKS_URI, named('a')), null)
  })

  it('are unavailable, not absent, while they cannot be fetched', async () => {
    const remote = new RemoteClientKeys(() => Promise.reject(new Error('no route')))
    await assert.rejects(remote.find(JWKS_URI, named('a')), {
      ...{ status: 503, error: 'temporarily_unavailable' },
      ...{ error_description: "The keys at the client's jwks_uri cannot be fetched right now" },
      ...{ message: /\(no route\)$/ },
    })
  })

  it('are remembered for a bounded number of URLs', async () => {
    const { remote, fetched } = publish([keyNamed('a')])
    for (let n = 0; n <= 1000; n++) await remote.find(`${JWKS_URI}/${n}`, named('a'))
    await remote.find(`${JWKS_URI}/1000`, named('a'))
    assert.equal(fetched.length, 1001)
    await remote.find(`${JWKS_URI}/0`, named('a'))
    assert.equal(fetched.length, 1002)
  })
})
