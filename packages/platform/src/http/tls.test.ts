import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import Fastify from 'fastify'
import { type SelfSigned, selfSigned } from '../testing/self-signed.ts'
import { createHttpServer } from './server.ts'
import { loadTls, TlsFilesError, watchTls } from './tls.ts'

let dir: string
let files: { certFile: string; keyFile: string }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tls-'))
  files = { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') }
})
afterEach(() => rmSync(dir, { recursive: true }))

function write({ cert, key }: SelfSigned): void {
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key)
}

describe('loadTls', () => {
  /** The error for a certificate and a key. */
  function complaint(cert: string | Buffer, key: string): string {
    writeFileSync(files.certFile, cert)
    writeFileSync(files.keyFile, key)
    try {
      loadTls(files)
      return 'nothing'
    } catch (error) {
      assert.ok(error instanceof TlsFilesError)
      return error.message
    }
  }
  const { cert, key } = selfSigned('one')
  const other = selfSigned('other')

  it('accepts a certificate and its key, and a chain', () => {
    assert.equal(complaint(cert, key), 'nothing')
    assert.equal(complaint(cert + other.cert, key), 'nothing')
    assert.equal(loadTls(files).certificate.subject, 'CN=one')
  })

  it('refuses a key of another certificate', () => {
    assert.match(complaint(cert, other.key), /tls\.key is not the key of the first certificate in/)
    assert.match(complaint(other.cert + cert, key), /is not the key of the first certificate/)
  })

  it('refuses an incomplete certificate', () => {
    for (const part of ['', 'x', cert.slice(0, 30), cert.slice(0, -30), cert.slice(0, 200)]) {
      assert.match(complaint(part, key), /tls\.crt does not contain a complete PEM certificate/)
    }
    assert.match(complaint(cert + other.cert.slice(0, -60), key), /tls\.crt cannot be served/)
  })

  it('refuses an incomplete key, and does not quote it', () => {
    for (const part of ['', key.slice(0, -30), key.slice(0, 100)]) {
      const said = complaint(cert, part)
      assert.match(said, /tls\.key does not contain a complete PEM private key$/)
    }
  })

  it('reports that a key with a passphrase is unusable', () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: {
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'secret',
      },
    })
    assert.match(complaint(cert, privateKey), /tls\.key needs a passphrase/)
  })

  it('names a file that is missing', () => {
    writeFileSync(files.certFile, cert)
    assert.throws(() => loadTls(files), { message: `${files.keyFile} cannot be read (ENOENT)` })
  })
})

describe('watchTls', { timeout: 30_000 }, () => {
  /** Watches, and returns its reports in order: the name on a certificate, or an error. */
  function follow() {
    const reports: string[] = []
    let wake = () => {}
    const report = (line: string): void => {
      reports.push(line)
      wake()
    }
    const stop = watchTls(files, loadTls(files), {
      onReload: ({ certificate }) => report(certificate.subject),
      onError: ({ message }) => report(message.replaceAll(`${dir}/`, '')),
      intervalMs: 5,
    })
    // The watch alone does not keep a process alive, so the test must while it waits.
    const alive = setInterval(() => {}, 1_000)
    return {
      async next(): Promise<string> {
        while (reports.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        return reports.shift() as string
      },
      reports,
      stop() {
        stop()
        clearInterval(alive)
      },
    }
  }
  const one = selfSigned('one')
  const two = selfSigned('two')

  it('passes on a pair that was renamed into place', async () => {
    write(one)
    const watch = follow()
    writeFileSync(join(dir, 'new.key'), two.key)
    writeFileSync(join(dir, 'new.crt'), two.cert)
    renameSync(join(dir, 'new.key'), files.keyFile)
    renameSync(join(dir, 'new.crt'), files.certFile)
    // Between the two renames the files did not match, which the watch may have noticed.
    const first = await watch.next()
    assert.equal(/is not the key/.test(first) ? await watch.next() : first, 'CN=two')
    watch.stop()
  })

  it('passes on a pair whose folder was swapped by symbolic link, as Kubernetes does', async () => {
    for (const [name, { cert, key }] of Object.entries({ one, two })) {
      mkdirSync(join(dir, name))
      writeFileSync(join(dir, name, 'tls.crt'), cert)
      writeFileSync(join(dir, name, 'tls.key'), key)
    }
    symlinkSync('one', join(dir, '..data'))
    symlinkSync('..data/tls.crt', files.certFile)
    symlinkSync('..data/tls.key', files.keyFile)
    const watch = follow()
    symlinkSync('two', join(dir, '..new'))
    renameSync(join(dir, '..new'), join(dir, '..data'))
    assert.equal(readlinkSync(files.certFile), '..data/tls.crt')
    const first = await watch.next()
    assert.equal(/is not the key/.test(first) ? await watch.next() : first, 'CN=two')
    watch.stop()
  })

  it('reports a bad pair once, and accepts the next good one', async () => {
    write(one)
    const watch = follow()
    writeFileSync(files.certFile, two.cert.slice(0, 100))
    assert.match(await watch.next(), /^tls.crt does not contain/)
    writeFileSync(files.certFile, two.cert)
    assert.match(await watch.next(), /^tls.key is not the key of the first certificate in tls.crt/)
    writeFileSync(files.keyFile, two.key)
    assert.equal(await watch.next(), 'CN=two')
    assert.deepEqual(watch.reports, [])
    watch.stop()
  })

  it('tolerates files that are missing for a while', async () => {
    write(one)
    const watch = follow()
    rmSync(files.certFile)
    assert.equal(await watch.next(), 'tls.crt cannot be read (ENOENT)')
    writeFileSync(files.certFile, one.cert)
    assert.equal(await watch.next(), 'CN=one')
    watch.stop()
  })
})

describe('createHttpServer with TLS', () => {
  it('listens once for localhost, so that one certificate is served, and ends cleanly', async () => {
    write(selfSigned('one'))
    const app = await createHttpServer({
      applications: [],
      logger: Fastify().log,
      tls: files,
      trustedProxies: [],
    })
    await app.listen({ host: 'localhost', port: 0 })
    assert.equal(app.addresses().length, 1)
    const { port, address } = app.server.address() as { port: number; address: string }
    const socket: TLSSocket = connect({ port, host: address, rejectUnauthorized: false })
    socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const chunks = await socket.toArray()
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 /)
    await app.close()
  })

  it('does not start with an unusable pair', async () => {
    write({ ...selfSigned('one'), key: selfSigned('other').key })
    const logger = Fastify().log
    const options = { applications: [], logger, tls: files, trustedProxies: [] }
    await assert.rejects(createHttpServer(options), TlsFilesError)
  })
})
