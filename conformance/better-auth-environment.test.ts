import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { startServer } from './support/running-server.ts'

it('no variable makes the server report to the makers of better-auth', async () => {
  const received: string[] = []
  const collector = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`)
    request.resume()
    response.end()
  })
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const server = await startServer({
    BETTER_AUTH_TELEMETRY: '1',
    BETTER_AUTH_TELEMETRY_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`,
    // better-auth is quiet in tests.
    NODE_ENV: 'production',
    TEST: '',
  })
  try {
    const { status } = await fetch(`${server.url}/people/v1/sign-up`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url },
      body: JSON.stringify({
        ...{ email: 'ana@example.cl', name: 'Ana', organization_name: 'Acme' },
        password: 'a truck drives to Valparaíso',
      }),
    })
    assert.equal(status, 201)
    // The report describes the machine first, which takes a while.
    await new Promise((resolve) => setTimeout(resolve, 1000))
  } finally {
    await server.stop()
    collector.close()
  }
  assert.deepEqual(received, [])
})
