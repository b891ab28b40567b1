/** A server that signs RS256 eight at a time, and one whose library cannot be used. */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { rsaLibraryForTests } from '../packages/auth/src/testing/rsa-library.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

const real = await rsaLibraryForTests(process.env.RSA_LIBRARY)

/** On Linux, a file that is no library is found to be none. */
const skip = process.platform !== 'linux' || process.arch !== 'x64'

async function withServer(
  library: string,
  work: (server: RunningServer, metric: (name: string) => Promise<number | null>) => Promise<void>,
): Promise<void> {
  const metricsPort = await freePort()
  const server = await startServer({
    MIOT_RSA_LIBRARY: library,
    MIOT_METRICS_PORT: String(metricsPort),
  })
  const metric = async (name: string): Promise<number | null> => {
    const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const line = page.split('\n').find((one) => one.startsWith(`${name} `))
    return line === undefined ? null : Number(line.split(' ')[1])
  }
  try {
    await work(server, metric)
  } finally {
    await server.stop()
  }
}

/** Logins at the same time; each token verifies as a resource server verifies it. */
async function loginMany({ url, credentials }: RunningServer, count: number): Promise<void> {
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
  const login = async (): Promise<string> => {
    const body = new URLSearchParams({ ...credentials })
    const response = await fetch(`${url}/oauth2/token`, { method: 'POST', body })
    assert.equal(response.status, 200)
    return ((await response.json()) as { access_token: string }).access_token
  }
  const tokens = await Promise.all(Array.from({ length: count }, login))
  for (const token of tokens) {
    const { payload } = await jwtVerify(token, keys, { issuer: url })
    assert.equal(payload.sub, credentials.client_id)
  }
}

/** What `miot doctor` finds. */
async function diagnosis(server: RunningServer): Promise<string> {
  const { stdout } = await server.miot(['doctor', '--json'])
  const { findings } = JSON.parse(stdout) as { findings: Record<string, string>[] }
  const found = findings.find(({ check }) => check === 'RSA library')
  return `${found?.level} ${found?.detail} ${found?.remedy}`
}

const IN_USE = 'miot_auth_rsa_library_in_use'
const SIGNED = 'miot_auth_rsa_library_signatures_total'

describe('miot serve with a library for RS256', { skip: real.skip, timeout: 120_000 }, () => {
  it('signs tokens with it that verify, and says so', async () => {
    const path = real.skip === false ? real.path : ''
    await withServer(path, async (server, metric) => {
      for (let round = 0; round < 5; round++) await loginMany(server, 40)
      assert.equal(await metric(IN_USE), 1)
      const signed = (await metric(SIGNED)) ?? 0
      assert.ok(signed > 0 && signed <= 200, `${signed} signed`)
      assert.match(server.output(), /RS256 is signed eight at a time/)
      assert.doesNotMatch(server.output(), /ExperimentalWarning/)
      assert.match(await diagnosis(server), /^ok libcrypto_mb [\d.]+ signs RS256 eight at a time/)
    })
  })
})

describe('miot serve with a library that cannot be used', { skip, timeout: 120_000 }, () => {
  it('serves without it, and says why', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-rsa-library-'))
    const path = join(folder.path, 'libcrypto_mb.so.13')
    writeFileSync(path, 'no library')
    await withServer(path, async (server, metric) => {
      await loginMany(server, 20)
      assert.deepEqual([await metric(IN_USE), await metric(SIGNED)], [0, 0])
      assert.match(server.output(), /RS256 is signed one at a time: the library for it cannot be/)
      assert.match(await diagnosis(server), /^warn .*one at a time .*set MIOT_RSA_LIBRARY=off$/)
    })
  })

  it('and one that is off serves without a word', async () => {
    await withServer('off', async (server, metric) => {
      await loginMany(server, 20)
      assert.equal(await metric(IN_USE), null)
      assert.doesNotMatch(server.output(), /RS256/)
      assert.match(await diagnosis(server), /^skipped MIOT_RSA_LIBRARY is off/)
    })
  })
})
