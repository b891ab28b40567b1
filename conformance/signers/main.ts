/**
 * Runs the signer of examples/signers/pkcs11 with a real PKCS#11 library, SoftHSM, below a real
 * server: `npm run conformance -- signers`. It installs what the signer needs of PyPI below
 * `node_modules/.cache`; without SoftHSM or Python it is skipped.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { type RunningServer, startServer } from '../support/running-server.ts'
import { installSigner, makeToken, SOFTHSM, type SoftHsm } from '../support/softhsm.ts'
import { whatIsMissing } from '../support/toolchain.ts'

const WITHIN_MS = 60_000
const audienceOf = (alg: string): string => `https://api.example/${alg}`

describe('signing keys in a PKCS#11 token', { skip: await whatIsMissing(SOFTHSM) }, () => {
  let folder: string
  let token: SoftHsm
  let server: RunningServer
  const clients = new Map<string, { client_id: string; client_secret: string }>()
  before(
    async () => {
      await installSigner()
      folder = mkdtempSync(join(tmpdir(), 'miot-softhsm-'))
      token = makeToken(folder)
      server = await startServer(token.settings)
      for (const alg of SIGNING_ALGORITHMS) {
        await miot('audiences', 'create', audienceOf(alg), '--alg', alg, '--scope', 'read')
        const client = ['--name', alg, '--audience', audienceOf(alg), '--json']
        clients.set(alg, JSON.parse(await miot('clients', 'create', ...client)))
      }
    },
    { timeout: 700_000 },
  )
  after(async () => {
    await server?.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true })
  })

  async function miot(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await server.miot(args)
    assert.equal(status, 0, stderr + stdout)
    return stdout
  }

  /** Retries while the key of a new algorithm is being made. */
  async function login(alg: string): Promise<string> {
    const { client_id = '', client_secret = '' } = clients.get(alg) ?? {}
    const grant_type = 'client_credentials'
    const body = new URLSearchParams({ grant_type, client_id, client_secret })
    const deadline = performance.now() + WITHIN_MS
    for (;;) {
      const response = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })
      const text = await response.text()
      if (response.status === 200)
        return (JSON.parse(text) as { access_token: string }).access_token
      assert.ok(response.status === 503 && performance.now() < deadline, text)
    }
  }

  for (const alg of SIGNING_ALGORITHMS) {
    it(`${alg}: an independent verifier accepts the token`, { timeout: WITHIN_MS }, async () => {
      const jwt = await login(alg)
      assert.equal(decodeProtectedHeader(jwt).alg, alg)
      const jwks = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`))
      await jwtVerify(jwt, jwks, { issuer: server.url, audience: audienceOf(alg) })
    })
  }

  it('the keys were made in the token, and cannot leave it', { timeout: WITHIN_MS }, async () => {
    const { keys } = JSON.parse(await miot('keys', 'list', '--json'))
    const held = keys.filter(({ held_by }: { held_by: string }) => held_by === 'signer')
    assert.equal(held.length, keys.length)
    const access = token.objects().match(/Access: .*/g) ?? []
    assert.equal(access.length, keys.length)
    for (const line of access) {
      assert.match(line, /always sensitive/)
      assert.match(line, /never extractable/)
      assert.match(line, /local/)
    }
  })

  it('a restart finds them again, and a rotation replaces them', { timeout: 120_000 }, async () => {
    await server.restart()
    const before = decodeProtectedHeader(await login('RS256')).kid
    await miot('keys', 'rotate', '--now', '--json')
    const made = (token.objects().match(/Access: .*/g) ?? []).length
    const { keys } = JSON.parse(await miot('keys', 'list', '--json'))
    assert.ok(made <= keys.length, `${made} in the token, ${keys.length} in use`)
    const deadline = performance.now() + WITHIN_MS
    while (decodeProtectedHeader(await login('RS256')).kid === before) {
      assert.ok(performance.now() < deadline)
    }
  })

  it('a wrong PIN is named, and is in no message', { timeout: WITHIN_MS }, async () => {
    writeFileSync(join(folder, 'pin'), '987654\n')
    const { stdout } = await server.miot(['doctor', '--no-json'])
    writeFileSync(join(folder, 'pin'), '1234\n')
    assert.match(stdout, /FAULT +signer .*PinIncorrect/)
    assert.ok(!stdout.includes('987654'))
  })
})
