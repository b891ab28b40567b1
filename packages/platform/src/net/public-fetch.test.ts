import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import tls from 'node:tls'
import { selfSigned } from '../testing/self-signed.ts'
import { createPublicFetch, type PublicFetchOptions } from './public-fetch.ts'

const certificate = selfSigned()
let requests = 0
let answer: RequestListener = (_request, response) => response.end('{"keys":[]}')
const server = createServer(certificate, (request, response) => {
  requests++
  answer(request, response)
})

before(async () => {
  tls.setDefaultCACertificates([...tls.getCACertificates(), certificate.cert])
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
after(() => server.close())

const port = () => (server.address() as AddressInfo).port
const LOOPBACK = ['127.0.0.0/8', '::1']

/** A resolver with these addresses for every name, one list per lookup. */
function resolver(...answers: readonly string[][]) {
  let lookups = 0
  const lookup = ((_host: string, _options: unknown, done: (...args: unknown[]) => void) => {
    const addresses = answers[Math.min(lookups++, answers.length - 1)] ?? []
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    setImmediate(done, null, found)
  }) as unknown as NonNullable<PublicFetchOptions['lookup']>
  return { lookup, lookups: () => lookups }
}

async function refusal(url: string, options: PublicFetchOptions = {}): Promise<string> {
  const before = requests
  const outcome = await createPublicFetch(options)(url).catch((error: Error) => error)
  assert.ok(outcome instanceof Error, `${url} was fetched`)
  assert.equal(requests, before)
  return outcome.message
}

describe('a fetch from the public internet', () => {
  it('refuses addresses of this machine and its networks, however they are written', async () => {
    for (const host of [
      ...['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '0177.0.0.1'],
      ...['169.254.169.254', '10.0.0.1', '[fd00:ec2::254]', '0', '[64:ff9b::7f00:1]'],
    ]) {
      assert.match(await refusal(`https://${host}:${port()}/`), /not on the public internet/, host)
    }
  })

  it('refuses a name that resolves to such an address, even beside public ones', async () => {
    for (const addresses of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::1'], []]) {
      const message = await refusal(`https://keys.example:${port()}/`, resolver(addresses))
      assert.match(message, /keys\.example.* is not on the public internet/)
    }
  })

  it('checks the address that it connects to: a second lookup cannot change it', async () => {
    const { lookup, lookups } = resolver(['127.0.0.1'], ['8.8.8.8'])
    await refusal(`https://keys.example:${port()}/`, { lookup })
    assert.equal(lookups(), 1)
  })

  it('refuses http:', async () => {
    const message = await refusal(`http://localhost:${port()}/`, { allowedRanges: LOOPBACK })
    assert.match(message, /must be fetched by https:/)
  })

  it('reaches a range that is allowed, with status, headers and body', async () => {
    const fetch = createPublicFetch({ allowedRanges: LOOPBACK, ...resolver(['127.0.0.1']) })
    answer = (request, response) => {
      assert.equal(request.headers.accept, 'application/json')
      response.writeHead(200, { 'cache-control': 'max-age=7' }).end('{"keys":[]}')
    }
    const headers = { accept: 'application/json' }
    const response = await fetch(`https://localhost:${port()}/keys`, { headers })
    assert.deepEqual([response.status, response.headers.get('cache-control')], [200, 'max-age=7'])
    assert.equal(await response.text(), '{"keys":[]}')
  })

  it('does not follow a redirect', async () => {
    const fetch = createPublicFetch({ allowedRanges: LOOPBACK, ...resolver(['127.0.0.1']) })
    answer = (_request, response) =>
      response.writeHead(302, { location: `https://localhost:${port()}/other` }).end()
    const before = requests
    const response = await fetch(`https://localhost:${port()}/keys`)
    assert.equal(response.status, 302)
    await response.body?.cancel()
    assert.equal(requests, before + 1)
  })

  it('ends when the answer is none', async () => {
    const fetch = createPublicFetch({ allowedRanges: LOOPBACK, ...resolver(['127.0.0.1']) })
    answer = ({ socket }) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
    await assert.rejects(fetch(`https://localhost:${port()}/`), /gave no answer/)
  })

  it('ends with its signal', async () => {
    const fetch = createPublicFetch({ allowedRanges: LOOPBACK, ...resolver(['127.0.0.1']) })
    answer = () => {}
    const reached = once(server, 'request')
    const controller = new AbortController()
    const fetched = fetch(`https://localhost:${port()}/`, { signal: controller.signal })
    await reached
    controller.abort()
    await assert.rejects(fetched, { name: 'AbortError' })
  })
})
