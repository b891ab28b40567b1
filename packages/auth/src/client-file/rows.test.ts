import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readClients } from './rows.ts'
import { CLIENTS_TEMPLATE } from './template.ts'

const AUDIENCE = 'https://api.example'

/** As JSON has it: members that are undefined are left out. */
async function read(content: string | Buffer): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  const bytes = Buffer.from(content)
  async function* chunks() {
    // A file may end a chunk anywhere.
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
  }
  for await (const row of readClients(chunks(), { name: 'clients', audience: AUDIENCE })) {
    rows.push(JSON.parse(JSON.stringify(row)))
  }
  return rows
}

const outcomes = async (content: string | Buffer) =>
  (await read(content)).map(({ line, input, refused }) => [line, Object(input).name ?? refused])

const grants = [{ audience: AUDIENCE }]

describe('clients in CSV', () => {
  it('have the defaults of clients create', async () => {
    const [row] = await read('name\nPump')
    assert.deepEqual(row, { line: 2, external_id: null, input: { name: 'Pump', grants } })
  })

  it('have every option of clients create as a column', async () => {
    const cells = {
      ...{
        name: '"Pump, ""north"""',
        external_id: 'E-1',
        tags: 'a b;c',
        environment: 'production',
      },
      ...{ audience: 'https://a', scopes: '"x, y"', default_audience: 'https://a' },
      ...{ token_lifetime: '60', jwks_uri: 'https://k', allow: '10.0.0.0/8 ::1' },
      ...{ assertion_audience: 'issuer', assertion_jti: 'optional', allow_mode: 'observe' },
      ...{ tokens_per_hour: '5', tokens_per_day: '0', quota_mode: 'observe' },
    }
    const [row] = await read(`${Object.keys(cells)}\n${Object.values(cells)}`)
    assert.deepEqual(row, {
      line: 2,
      external_id: 'E-1',
      environment: 'production',
      input: {
        ...{ name: 'Pump, "north"', external_id: 'E-1', tags: ['a', 'b', 'c'] },
        ...{ grants: [{ audience: 'https://a', scopes: ['x', 'y'] }], jwks_uri: 'https://k' },
        ...{ default_audience: 'https://a', token_lifetime_seconds: 60 },
        assertions: { audience: 'issuer', jti: 'optional' },
        quota: { mode: 'observe', tokens_per_hour: 5, tokens_per_day: null },
        allowlist: { mode: 'observe', cidrs: ['10.0.0.0/8', '::1'] },
      },
    })
  })

  it('may come from a spreadsheet: byte order mark, semicolons, CRLF, empty rows', async () => {
    const text = '\ufeff\r\nName;External-ID \r\nOne;1\r\n;;\r\n\r\n"Two;x";2'
    assert.deepEqual(await outcomes(text), [
      [3, 'One'],
      [6, 'Two;x'],
    ])
  })

  it('of the template are accepted', async () => {
    assert.deepEqual(await outcomes(CLIENTS_TEMPLATE), [
      [2, 'Truck 1'],
      [3, 'Truck 2'],
    ])
  })

  it('are refused alone, by line', async () => {
    const rows = [
      'name,token_lifetime,allow_mode',
      'A,,',
      '"B,,',
      'C"c",,',
      'D,x,',
      'E,,always',
      'F',
      ',60,',
      '"é",,',
      'H,60,off',
    ]
    assert.deepEqual(await outcomes(Buffer.from(rows.join('\n').replace('é', '\xe9'), 'latin1')), [
      [2, 'A'],
      [3, QUOTE],
      [4, QUOTE],
      [5, 'token_lifetime must be a whole number'],
      [6, 'allow_mode must be one of off, observe, enforce'],
      [7, 'It has 1 cells, and the header 3; quote a cell that contains the separator'],
      [8, 'The name is missing'],
      [9, UTF8.replace('Byte N', 'Byte 2')],
      [10, 'H'],
    ])
  })

  it('that are refused keep their external id', async () => {
    const rows = await read('name,external_id,token_lifetime\nA,E-1,x\n,E-2,\nB,E-3\n')
    const ids = rows.map(({ external_id }) => external_id)
    assert.deepEqual(ids, ['E-1', 'E-2', null])
  })

  const HEADERS: Record<string, RegExp> = {
    'name,tag': /line 1: Unknown column "tag"; did you mean tags\? Columns: name, external_id/,
    'name,Name ': /The column name is repeated/,
    'external_id,tags': /The header needs a column "name"/,
    'name,"tags': /A quote is in the wrong place/,
    name: /has a header and no clients/,
    '[{"name":"x"}]': /is a JSON array: write one object per line/,
    ' \n': /contains no clients/,
  }
  for (const [header, message] of Object.entries(HEADERS)) {
    it(`are refused as a whole with the header ${JSON.stringify(header)}`, async () => {
      await assert.rejects(read(header), message)
    })
  }
})

const QUOTE =
  'A quote is in the wrong place: put quotes around a whole cell, on one line, and double those inside'
const UTF8 =
  'Not valid UTF-8: Byte N of the line is 0xE9; convert the file, such as with iconv -f ISO-8859-1 -t UTF-8'

describe('clients in NDJSON', () => {
  it('are read as they are, with the default grant', async () => {
    const own = { name: 'B', grants: [], external_id: 'E' }
    const rows = await read(`\n{"name":"A"}\r\n\n${JSON.stringify(own)}`)
    assert.deepEqual(rows, [
      { line: 2, external_id: null, input: { name: 'A', grants } },
      { line: 4, external_id: 'E', input: own },
    ])
  })

  it('are refused alone, by line', async () => {
    const fault = 'Not a JSON object, or longer than 64 KiB, or with a member twice'
    const lines = [
      '{"name":"A"}',
      '{"name":',
      '[1]',
      '{"name":"B","name":"C"}',
      '{"name":"é"}',
      '{}',
    ]
    const bytes = Buffer.from(lines.join('\n'), 'latin1')
    const refused = (await read(bytes)).map((row) => row.refused ?? null)
    assert.deepEqual(refused, [null, fault, fault, fault, UTF8.replace('Byte N', 'Byte 10'), null])
  })
})

describe('a file that begins with white space', () => {
  it('is decoded once until the first character', async (test) => {
    const { decode } = TextDecoder.prototype
    let decoded = 0
    test.mock.method(TextDecoder.prototype, 'decode', function (this: TextDecoder, ...call: never) {
      decoded += (call[0] as Uint8Array).length
      return decode.apply(this, call)
    })
    const content = `\ufeff${' \n'.repeat(350)}`
    await assert.rejects(read(content), /contains no clients/)
    assert.equal(decoded, Buffer.byteLength(content))
    assert.deepEqual(await outcomes(`${content}{"name":"A"}`), [[351, 'A']])
  })
})
