import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { SETTING_FILES } from '../client/setting-text.fixture.ts'
import { clientKeyFromFile, createTokenSource, tokenSourceFromEnv } from './index.ts'

const directory = await mkdtemp(join(tmpdir(), 'miot-sources-'))
after(() => rm(directory, { recursive: true }))

const HERE = { MIOT_TOKEN_URL: 'https://auth.example/token', MIOT_AUDIENCE: 'https://api.example' }
const CLIENT = { ...HERE, MIOT_CLIENT_ID: 'client-1' }

/** A server that accepts only this secret, and the forms it was sent. */
function serverOf(secret: () => string) {
  const forms: Record<string, string>[] = []
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const form = Object.fromEntries(init?.body as URLSearchParams)
    forms.push(form)
    if (form.client_secret !== secret()) return new Response('{}', { status: 401 })
    const token = { access_token: `t${forms.length}`, token_type: 'Bearer', expires_in: 60 }
    return new Response(JSON.stringify(token))
  }
  return { forms, fetch }
}

describe('a token source from the environment', () => {
  it('is configured by the variables of quickstart.env', async () => {
    const { fetch, forms } = serverOf(() => 's')
    const source = tokenSourceFromEnv({ fetch }, { ...CLIENT, MIOT_CLIENT_SECRET: 's' })
    assert.equal(await source.token(), 't1')
    assert.deepEqual(forms[0], {
      grant_type: 'client_credentials',
      client_id: 'client-1',
      client_secret: 's',
      audience: 'https://api.example',
    })
  })

  it('reads a file exactly as miot does', async () => {
    const secret = join(directory, 'edited-secret')
    const audience = join(directory, 'edited-audience')
    const files = { MIOT_CLIENT_SECRET_FILE: secret, MIOT_AUDIENCE_FILE: audience }
    const { MIOT_AUDIENCE: _, ...client } = CLIENT
    for (const [content, text] of SETTING_FILES) {
      await writeFile(secret, content)
      await writeFile(audience, content)
      const { fetch, forms } = serverOf(() => text)
      await tokenSourceFromEnv({ fetch }, { ...client, ...files }).token()
      assert.equal(forms[0]?.audience, text, JSON.stringify(content))
    }
  })

  it('reads a rotated file again, without a restart', async () => {
    const path = join(directory, 'secret')
    await writeFile(path, 'old\n')
    let valid = 'old'
    const { fetch, forms } = serverOf(() => valid)
    const source = tokenSourceFromEnv({ fetch }, { ...CLIENT, MIOT_CLIENT_SECRET_FILE: path })
    await source.token()
    await writeFile(path, 'new\n')
    valid = 'new'
    source.forget('t1')
    assert.equal(await source.token(), 't2')
    assert.equal(forms.length, 2)
  })

  it('reads it once more when it is replaced while the old one is refused', async () => {
    const path = join(directory, 'replaced')
    await writeFile(path, 'old')
    const { fetch, forms } = serverOf(() => 'new')
    const racing: typeof fetch = async (input, init) => {
      await writeFile(path, 'new')
      return fetch(input, init)
    }
    const source = createTokenSource({
      token_endpoint: HERE.MIOT_TOKEN_URL,
      client_id: 'client-1',
      client_secret: `file:${path}`,
      audience: 'a',
      fetch: racing,
    })
    assert.equal(await source.token(), 't2')
    assert.deepEqual(
      forms.map(({ client_secret }) => client_secret),
      ['old', 'new'],
    )
  })

  it('lists everything missing or set twice', () => {
    assert.throws(
      () =>
        tokenSourceFromEnv({}, { ...HERE, MIOT_CLIENT_SECRET: 's', MIOT_CLIENT_SECRET_FILE: 'f' }),
      {
        name: 'ConfigError',
        message:
          'MIOT_CLIENT_ID is not set; MIOT_CLIENT_SECRET and MIOT_CLIENT_SECRET_FILE are both set: keep one.',
      },
    )
    assert.throws(() => tokenSourceFromEnv({}, CLIENT), /MIOT_CLIENT_SECRET is not set/)
  })

  it('prefers options to variables', async () => {
    const { fetch, forms } = serverOf(() => 'mine')
    const options = { fetch, client_secret: 'mine', audience: 'other' }
    await tokenSourceFromEnv(options, CLIENT).token()
    assert.equal(forms[0]?.audience, 'other')
  })

  it('names the file that cannot be read, and nothing of its text', async () => {
    const path = join(directory, 'missing')
    const source = tokenSourceFromEnv({}, { ...CLIENT, MIOT_CLIENT_SECRET_FILE: path })
    await assert.rejects(source.token(), {
      name: 'ConfigError',
      message: `client_secret: ${path} cannot be read (ENOENT)`,
    })
  })
})

describe('a client key from a file', () => {
  const alg = 'ES256'

  it('may be PEM or JWK', async () => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    const path = join(directory, 'key')
    for (const text of [
      await exportPKCS8(privateKey),
      JSON.stringify(await exportJWK(privateKey)),
    ]) {
      await writeFile(path, text)
      const read = await clientKeyFromFile(path, { alg, kid: 'k1' })()
      assert.equal(read.kid, 'k1')
    }
  })

  it('that is neither is not quoted in the error', async () => {
    const path = join(directory, 'broken')
    for (const text of ['{"kty":"EC","d":"very secret', 'very secret']) {
      await writeFile(path, text)
      await assert.rejects(
        Promise.resolve(clientKeyFromFile(path, { alg })()),
        (error: Error) => error.name === 'ConfigError' && !error.message.includes('secret'),
      )
    }
  })
})
