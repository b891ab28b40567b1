/** Ctrl-C while a file is sent or imported, in a process of its own. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
const file = join(folder, 'many.ndjson')
const LINES = Array.from({ length: 5500 }, (_, n) => `{"asset_id":"A-${n}"}`)
writeFileSync(file, LINES.join('\n'))

const received = new Set<string>()
let onBatch: (lines: string[], answer: () => void) => void = () => {}
const server = createServer(async (request, response) => {
  const body = await text(request)
  if (request.url?.endsWith('/token')) {
    return json(response, { access_token: 't', token_type: 'Bearer', expires_in: 3600 })
  }
  const lines = body.trimEnd().split('\n')
  if (request.url?.endsWith('/bulk')) return create(response, lines)
  onBatch(lines, () => {
    for (const line of lines) received.add(line)
    json(response, { results: lines.map((_, index) => ({ index, code: 200 })) })
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})

/** As a terminal and `npx` do with one Ctrl-C; then the terminal is closed. */
async function interruptTwice(child: ChildProcess): Promise<void> {
  for (const name of ['SIGINT', 'SIGINT', 'SIGINT', 'SIGHUP'] as const) {
    child.kill(name)
    await setTimeout(20)
  }
}

let created = 0
let onCreate = async (): Promise<void> => {}

async function create(response: ServerResponse, lines: readonly string[]): Promise<void> {
  await onCreate()
  const results = lines.map(() => {
    created++
    const client = { client_id: `client_${created}`, name: 'x', external_id: null, grants: [] }
    return JSON.stringify({ status: 'created', client, client_secret: `secret_${created}` })
  })
  response.end(results.join('\n'))
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
}

const send = (...more: string[]) =>
  run('track', 'send', '--file', file, '--request-id', 'id', '--no-json', ...more)

function run(...command: string[]) {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const env = {
    PATH: process.env.PATH,
    MIOT_DATA_DIR: join(folder, 'data'),
    MIOT_CLIENT_ID: 'client_1',
    MIOT_CLIENT_SECRET: 'secret',
    MIOT_AUDIENCE: 'https://api.example',
    MIOT_TOKEN_URL: `${url}/token`,
    MIOT_API_URL: url,
  }
  const child = spawn(process.execPath, [main, ...command], { env })
  const result = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { child, result }
}

it('Ctrl-C says where to resume, and what is sent from there is the rest', async () => {
  const { child, result } = send()
  onBatch = ([first], answer) => {
    if (first === LINES[0]) answer()
    // Four are sent at a time: the fifth comes once the first is settled. The others wait.
    if (first === LINES[4000]) child.kill('SIGINT')
  }
  const [stdout, stderr, [status]] = await result
  assert.equal(stdout, 'Stored 1000 of 1000 reports (request id id).\n')
  assert.match(stderr, /^miot: Interrupted\nResume with --from-line 1001; what is stored/)
  assert.equal(status, 130)
  assert.equal(received.size, 1000)

  onBatch = (_, answer) => answer()
  const [, , [resumed]] = await send('--from-line', '1001').result
  assert.equal(resumed, 0)
  assert.deepEqual([...received].sort(), LINES.toSorted())
})

it('Ctrl-C during an import loses no secret of the clients that were created', async () => {
  const clients = join(folder, 'clients.csv')
  writeFileSync(clients, `name\n${'x\n'.repeat(5000)}`)
  const { child, result } = run('--url', url, 'clients', 'import', clients, '--json')
  onCreate = () => interruptTwice(child)
  const [stdout, stderr, [status]] = await result
  const secrets = stdout.match(/secret_\d+/g) ?? []
  assert.ok(created > 0 && created < 5000, `${created} of 5000 were created`)
  assert.equal(secrets.length, created)
  assert.match(stderr, new RegExp(`"Interrupted\\\\nLines up to ${created + 1} are done."`))
  assert.equal(status, 130)
})
