import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { Context } from '../command/context.ts'
import { parseConfig } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { createOutput } from '../terminal/output.ts'
import { importClients } from './import-clients.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
after(() => rmSync(folder, { recursive: true }))

it('an import that the server stops fails, after what was made is printed', async () => {
  const file = join(folder, 'two.ndjson')
  writeFileSync(file, '{"name":"a"}\n{"name":"b"}\n')
  const made = { status: 'created', client: { client_id: 'client_1' }, client_secret: 'shown' }
  const stopped = { status: 'stopped', message: 'The access token is not valid here; stopped' }
  const answer: typeof fetch = async (input) =>
    String(input).endsWith('/token')
      ? Response.json({ access_token: 't', token_type: 'Bearer', expires_in: 3600 })
      : new Response(`${JSON.stringify(made)}\n${JSON.stringify(stopped)}\n`)
  const env = {
    MIOT_DATA_DIR: folder,
    MIOT_CLIENT_ID: 'client_1',
    MIOT_CLIENT_SECRET: 'secret',
  }
  const printed: unknown[] = []
  const context: Context = {
    config: () => parseConfig(env, () => assert.fail()),
    output: createOutput(false, (text) => printed.push(JSON.parse(text))),
    fetch: answer,
    url: 'http://localhost:1',
  }
  const importing = importClients(context, file, {})
  await assert.rejects(
    importing,
    (error) =>
      error instanceof CliError && error.code === 'auth' && error.message === stopped.message,
  )
  assert.deepEqual(printed, [made])
})
