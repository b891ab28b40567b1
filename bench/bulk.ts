/**
 * Time to register ten thousand clients through the admin API, and its effect on concurrent logins.
 */

import { startServer } from '../conformance/support/running-server.ts'
import { createClient } from '../conformance/support/token-requests.ts'

const CLIENTS = 10_000

export async function bulk(): Promise<void> {
  const server = await startServer({ MIOT_LOG_LEVEL: 'silent' })
  try {
    const audience = `${server.url}/admin/v1`
    const { client_id, client_secret } = await createClient(server, '--audience', audience)
    const login = (credentials: Record<string, string>) =>
      fetch(`${server.url}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams(credentials),
      })
    const admin = await login({ ...server.credentials, client_id, client_secret, audience })
    const { access_token } = (await admin.json()) as { access_token: string }
    const lines = Array.from({ length: CLIENTS }, (_, index) =>
      JSON.stringify({
        name: `Device ${index}`,
        external_id: `device-${index}`,
        grants: [{ audience: server.credentials.audience }],
      }),
    ).join('\n')

    const send = async () => {
      const started = performance.now()
      const response = await fetch(`${audience}/clients/bulk`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${access_token}`,
          'content-type': 'application/x-ndjson',
        },
        body: lines,
      })
      const text = await response.text()
      const seconds = (performance.now() - started) / 1000
      return { seconds, created: text.match(/"status":"created"/g)?.length ?? 0 }
    }
    let running = true
    const waits: number[] = []
    const logins = (async () => {
      while (running) {
        const started = performance.now()
        await (await login({ ...server.credentials })).arrayBuffer()
        waits.push(performance.now() - started)
      }
    })()
    const first = await send()
    running = false
    await logins
    const again = await send()
    const longest = Math.max(...waits)
    console.table([
      { what: 'registered', clients: first.created, seconds: first.seconds.toFixed(2) },
      { what: 'the same again', clients: again.created, seconds: again.seconds.toFixed(2) },
    ])
    console.log(
      `${waits.length} logins at the same time, the longest took ${longest.toFixed(0)} ms`,
    )
  } finally {
    await server.stop()
  }
}
