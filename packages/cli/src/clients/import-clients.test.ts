import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Context } from '../command/context.ts'
import { parseConfig } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { createOutput } from '../terminal/output.ts'
import { importClients } from './import-clients.ts'
import { createImportReport } from './import-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
after(() => rmSync(folder, { recursive: true }))

const env = { MIOT_DATA_DIR: folder, MIOT_CLIENT_ID: 'client_1', MIOT_CLIENT_SECRET: 'secret' }

/** Imports `text` through an admin API that answers with these lines. */
async function imported(
  text: string,
  answers: readonly object[],
  options: Parameters<typeof importClients>[2] = {},
) {
  const file = join(folder, 'clients')
  writeFileSync(file, text)
  const bodies: string[] = []
  const answer: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/token')) {
      return Response.json({ access_token: 't', token_type: 'Bearer', expires_in: 3600 })
    }
    bodies.push(String(init?.body))
    return new Response(answers.map((one) => `${JSON.stringify(one)}\n`).join(''))
  }
  const printed: { status?: string; client_secret?: string }[] = []
  const context: Context = {
    config: () => parseConfig(env, () => assert.fail()),
    output: createOutput(true, (line) => printed.push(JSON.parse(line))),
    fetch: answer,
    tokenDirectory: null,
    url: 'http://localhost:1',
  }
  const error = await importClients(context, file, options).catch((fault: unknown) => fault)
  assert.ok(error === undefined || error instanceof CliError, String(error))
  return { printed, bodies, error }
}

const created = (id: string, more: object = {}) => ({
  status: 'created',
  client: { client_id: id, name: id, external_id: null, grants: [{ audience: 'a' }], ...more },
  client_secret: `secret-of-${id}`,
})
const TWO = 'name\na\nb\n'

describe('an import', () => {
  it('that the server stops fails, after what was made is printed', async () => {
    const stopped = { status: 'stopped', message: 'The access token is not valid here; stopped' }
    const { printed, error } = await imported('{"name":"a"}\n{"name":"b"}\n', [
      created('client_1'),
      stopped,
    ])
    assert.deepEqual(error?.lines, [stopped.message, 'Lines up to 1 are done.'])
    assert.equal(error?.code, 'auth')
    const summary = { created: 1, exists: 0, refused: 0 }
    assert.deepEqual(printed, [{ line: 1, external_id: null, ...created('client_1') }, { summary }])
  })

  it('over the network refuses a row with an environment, which the token determines', async () => {
    const { printed, bodies } = await imported('name,environment\na,production\nb,\n', [
      created('client_1'),
    ])
    assert.deepEqual(
      printed.map(({ status }) => status),
      ['refused', 'created', undefined],
    )
    assert.equal(JSON.parse(bodies[0] ?? '').name, 'b')
  })

  it('answered with too few lines fails', async () => {
    const { error } = await imported(TWO, [created('client_1')])
    assert.match(String(error), /not complete/)
    assert.match(String(error), /lines 3 to 3 may have been created/)
  })

  it('sends neither a bad line nor a second one of an external id, and names them in order', async () => {
    const text = 'name,external_id\na,E-1\n"b,E-2\nc,E-1\nd,E-4\n'
    const { printed, bodies, error } = await imported(text, [
      created('client_1'),
      { status: 'exists', client: { client_id: 'client_4' } },
    ])
    const rows = printed.map(({ line, external_id, status }: Record<string, unknown>) => [
      line,
      external_id,
      status,
    ])
    assert.deepEqual(rows.slice(0, -1), [
      [2, 'E-1', 'created'],
      [3, null, 'refused'],
      [4, 'E-1', 'refused'],
      [5, 'E-4', 'exists'],
    ])
    assert.equal(bodies[0]?.split('\n').length, 2)
    assert.equal(error?.message, '2 of 4 clients were refused')
  })
})

/** Imports three clients from a server that breaks the connection after this part of its answer. */
async function importedOver(answer: string, out: string) {
  const lines = ['E-1', 'E-2', 'E-3'].map((external_id) =>
    created(`c_${external_id}`, { external_id }),
  )
  const whole = lines.map((line) => `${JSON.stringify(line)}\n`)
  const text = answer.replaceAll(/\d/g, (line) => whole[Number(line) - 1] ?? '')
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url?.endsWith('/token')) {
        const token = { access_token: 't', token_type: 'Bearer', expires_in: 3600 }
        return response.setHeader('content-type', 'application/json').end(JSON.stringify(token))
      }
      if (answer === 'no head') return request.socket.destroy()
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write(text.slice(0, answer.endsWith('half') ? -20 : undefined))
      return setImmediate(() => request.socket.end())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const file = join(folder, 'three')
  writeFileSync(file, 'name,external_id\na,E-1\nb,E-2\nc,E-3\n')
  const context: Context = {
    config: () => parseConfig(env, () => assert.fail()),
    output: createOutput(true, () => {}),
    fetch: globalThis.fetch,
    tokenDirectory: null,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
  try {
    return await importClients(context, file, { out }).catch((fault: unknown) => fault)
  } finally {
    server.close().closeAllConnections()
  }
}

describe('an import whose connection breaks', () => {
  for (const [answer, kept] of [
    ['no head', []],
    ['', []],
    ['12', ['E-1', 'E-2']],
    ['123half', ['E-1', 'E-2']],
    ['123', ['E-1', 'E-2', 'E-3']],
  ] as const) {
    it(`after "${answer}" keeps the secrets that came, and lists the others`, async () => {
      const out = join(folder, `cut-${answer}.csv`)
      const error = await importedOver(answer, out)
      const rows = existsSync(out) ? readFileSync(out, 'utf8').trim().split('\r\n').slice(1) : []
      assert.deepEqual(
        rows.map((row) => row.split(',')[1]),
        kept,
      )
      const list = `${out}.unanswered`
      const others = ['E-1', 'E-2', 'E-3'].slice(kept.length)
      const listed = existsSync(list) ? readFileSync(list, 'utf8').trim().split('\n') : []
      assert.deepEqual(listed, others)
      if (others.length === 0) return assert.equal(error, undefined)
      assert.ok(error instanceof CliError, String(error))
      assert.equal(error.code, 'network')
      assert.match(error.message, new RegExp(`lines ${kept.length + 2} to 4 may have been created`))
      assert.match(error.message, /miot secrets rotate --file .*unanswered --out/)
      assert.equal(statSync(list).mode & 0o777, 0o600)
    })
  }
})

describe('the file for credentials', () => {
  const out = join(folder, 'credentials.csv')
  const twoCreated = [
    created('client_1', { name: '=1+1', external_id: '@x,"y"' }),
    created('client_2'),
  ]

  it('is private, has what is printed no more, and runs no formula', async () => {
    const { printed, error } = await imported(TWO, twoCreated, { out })
    assert.equal(error, undefined)
    assert.doesNotMatch(JSON.stringify(printed), /secret-of/)
    assert.equal(statSync(out).mode & 0o777, 0o600)
    const [, first, second] = readFileSync(out, 'utf8').split('\r\n')
    const rest = 'a,client_credentials,http://localhost:1/api/v1/login'
    assert.equal(first, `2,"'@x,""y""",'=1+1,client_1,secret-of-client_1,${rest}`)
    assert.equal(second, `3,,client_2,client_2,secret-of-client_2,${rest}`)
  })

  it('is never overwritten, and nothing is created then', async () => {
    const before = readFileSync(out, 'utf8')
    const { bodies, error } = await imported(TWO, twoCreated, { out })
    assert.deepEqual([bodies.length, error?.code], [0, 'usage'])
    assert.match(String(error), /exists and is not overwritten/)
    assert.equal(readFileSync(out, 'utf8'), before)
  })

  it('has a name: - is no file', async () => {
    const { bodies, error } = await imported(TWO, twoCreated, { out: '-' })
    rmSync('-', { force: true })
    assert.deepEqual([bodies.length, error?.code], [0, 'usage'])
    assert.match(String(error), /leave it out to print/)
  })

  it('is not left behind when nothing was created', async () => {
    const unused = join(folder, 'unused.csv')
    await imported(TWO, Array(2).fill({ status: 'refused', message: 'No' }), { out: unused })
    assert.equal(existsSync(unused), false)
  })

  it('that cannot be written is replaced by the output', () => {
    const printed: string[] = []
    const full = {
      append() {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      },
      sync() {},
      close() {},
    }
    const output = createOutput(true, (line) => printed.push(line))
    const report = createImportReport(output, full, 'http://localhost:1')
    const rows = [{ line: 2, external_id: null, input: {} }]
    assert.throws(
      () => report.settle(rows, [created('client_1')] as never),
      /ENOSPC.*printed above/,
    )
    assert.match(printed[0] ?? '', /secret-of-client_1/)
  })
})
