/**
 * TLS from a client's view: its versions, the certificate, and that replacing it interrupts no
 * connection. Also the refusals at start, so that no secret travels in plaintext.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { freePort } from '@modulariot/platform/testing/free-port'
import { selfSigned } from '../packages/platform/src/testing/self-signed.ts'
import { type RunningServer, runMiot, startServer } from './support/running-server.ts'
import { writeTlsFiles } from './support/tls-files.ts'

const first = writeTlsFiles('first')
const { MIOT_TLS_CERT: certFile, MIOT_TLS_KEY: keyFile } = first.settings
let server: RunningServer
let metricsPort: number

before(async () => {
  metricsPort = await freePort()
  server = await startServer({
    ...first.settings,
    MIOT_METRICS_PORT: String(metricsPort),
    // A runtime that would allow the old versions, so that the minimum is the server's.
    NODE_OPTIONS: '--tls-min-v1.0 --tls-cipher-list=DEFAULT:@SECLEVEL=0',
  })
})
after(async () => {
  await server.stop()
  first[Symbol.dispose]()
})

/** A handshake with any certificate. @throws the error of the handshake. */
async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(server.url)
  const socket = connect({
    host: hostname,
    port: Number(port),
    rejectUnauthorized: false,
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

async function servedCertificate(): Promise<string> {
  const socket = await handshake()
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

/** Waits until a new connection gets the certificate of that name. */
async function untilServed(commonName: string): Promise<void> {
  while ((await servedCertificate()) !== commonName) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function send(path: string, options: RequestOptions, body?: unknown) {
  const asking = request(`${server.url}${path}`, {
    headers: { 'content-type': 'application/json' },
    ...options,
  })
  asking.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer] = await once(asking, 'response')
  return { status: answer.statusCode, body: (await json(answer)) as Record<string, unknown> }
}

/** Unix seconds. */
async function metricsExpiry(): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return Number(/^miot_tls_certificate_not_after_timestamp_seconds (\S+)$/m.exec(metrics)?.[1])
}

/** With security level 0, as the client would not even offer it otherwise. */
const TLS_1_1 = {
  minVersion: 'TLSv1.1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT:@SECLEVEL=0',
} as const

describe('TLS', { timeout: 60_000 }, () => {
  it('refuses TLS 1.1 by its version', async () => {
    await assert.rejects(handshake(TLS_1_1), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`accepts ${version}`, async () => {
      const socket = await handshake({ minVersion: version, maxVersion: version })
      assert.equal(socket.getProtocol(), version)
      socket.destroy()
    })
  }

  it('accepts a login of a client that verifies the certificate', async () => {
    const options = { method: 'POST', ca: first.cert, agent: false } as const
    const { status, body } = await send('/api/v1/login', options, server.credentials)
    assert.equal(status, 200)
    assert.equal(body.token_type, 'Bearer')
  })

  it('has an https issuer', async () => {
    const { body } = await send('/.well-known/oauth-authorization-server', { ca: first.cert })
    assert.equal(body.issuer, server.url)
    assert.match(server.url, /^https:/)
  })

  it('answers nothing in plaintext', async () => {
    await assert.rejects(fetch(`${server.url.replace('https:', 'http:')}/livez`), TypeError)
  })

  it('prints commands that trust the self-signed certificate', () => {
    const commands = server.output().match(/curl -sS --cacert \S+ /g)
    assert.deepEqual(commands, Array(2).fill(`curl -sS --cacert ${certFile} `))
  })

  it('doctor explains a certificate that is not trusted, and passes once it is', async () => {
    const stranger = await server.miot(['doctor', '--no-json'])
    assert.equal(stranger.status, 7)
    assert.match(stranger.stdout, /FAULT +server .* is self-signed .* NODE_EXTRA_CA_CERTS/)
    assert.match(stranger.stdout, /FAULT +login .* is self-signed .* NODE_EXTRA_CA_CERTS/)
    const told = await server.miot(['doctor'], { env: { NODE_EXTRA_CA_CERTS: certFile } })
    assert.equal(told.status, 0, told.stdout)
    assert.match(told.stdout, /tls\.crt, valid until 20\d\d-/)
  })

  it('serves a new certificate to new connections, and keeps open ones', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: first.cert })
    await send('/livez', { agent })
    const [open] = Object.values(agent.freeSockets).flat()

    const expires = new Date(Date.now() + 36 * 3_600_000)
    const second = selfSigned('second', expires)
    assert.ok((await metricsExpiry()) < expires.getTime() / 1000 - 3600)
    writeFileSync(join(first.folder, 'new.key'), second.key)
    writeFileSync(join(first.folder, 'new.crt'), second.cert)
    renameSync(join(first.folder, 'new.key'), keyFile)
    renameSync(join(first.folder, 'new.crt'), certFile)
    await untilServed('second')

    assert.equal((await send('/livez', { agent })).status, 200)
    assert.equal(Object.values(agent.freeSockets).flat()[0], open)
    assert.equal((await send('/livez', { ca: second.cert, agent: false })).status, 200)
    await assert.rejects(send('/livez', { ca: first.cert, agent: false }))
    const { fingerprint256 } = new X509Certificate(second.cert)
    assert.ok(server.output().includes(`"fingerprint256":"${fingerprint256}"`))
    assert.equal(await metricsExpiry(), Math.floor(expires.getTime() / 1000))
    agent.destroy()
  })

  it('is no obstacle to miot health, which names a port without a server', async () => {
    assert.equal((await server.miot(['health'])).status, 0)
    const { status, stderr } = await server.miot(['health'], {
      env: { MIOT_PORT: String(await freePort()) },
    })
    assert.equal(status, 1)
    assert.match(stderr, /No answer on 127\.0\.0\.1, port \d+: ECONNREFUSED/)
  })

  it('still refuses TLS 1.1 after the certificate was replaced', async () => {
    await assert.rejects(handshake(TLS_1_1), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  })

  it('keeps the certificate when the new file is broken, and loads the next valid one', async () => {
    const served = await servedCertificate()
    const third = selfSigned('third')
    const printedBefore = server.output().length
    writeFileSync(certFile, third.cert.slice(0, 200))
    while (!server.output().slice(printedBefore).includes('TLS certificate not replaced')) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.equal(await servedCertificate(), served)
    writeFileSync(keyFile, third.key)
    writeFileSync(certFile, third.cert)
    await untilServed('third')
  })
})

describe('an unsafe start', () => {
  it('is refused off loopback in plaintext, and names the settings', async () => {
    const { status, stderr } = await runMiot(['serve', '--no-json'], {
      env: { MIOT_HOST: '0.0.0.0', MIOT_DATA_DIR: join(first.folder, 'never') },
    })
    assert.equal(status, 2)
    assert.equal(
      stderr,
      'miot: MIOT_HOST 0.0.0.0 can be reached from other machines, and secrets must not be sent in plaintext: ' +
        'set MIOT_TLS_CERT and MIOT_TLS_KEY, or MIOT_TRUSTED_PROXIES to the addresses of the proxies that terminate TLS\n',
    )
  })

  it('is refused with an unusable certificate, before any file is created', async () => {
    const { status, stderr } = await runMiot(['serve', '--no-json'], {
      env: {
        MIOT_TLS_CERT: join(first.folder, 'no.crt'),
        MIOT_TLS_KEY: keyFile,
        MIOT_DATA_DIR: join(first.folder, 'never'),
      },
    })
    assert.equal(status, 2)
    assert.match(stderr, /no\.crt cannot be read \(ENOENT\): correct the files of MIOT_TLS_CERT/)
    assert.throws(() => rmSync(join(first.folder, 'never')), { code: 'ENOENT' })
  })

  it('is allowed off loopback in plaintext behind declared proxies', async () => {
    const behind = await startServer({ MIOT_HOST: '0.0.0.0', MIOT_TRUSTED_PROXIES: 'loopback' })
    const answer = await fetch(`${behind.url}/livez`)
    assert.equal(answer.status, 200)
    await behind.stop()
  })
})
