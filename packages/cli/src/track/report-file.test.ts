import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileLines } from '@modulariot/platform/file-lines'
import { openReports } from './report-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
after(() => rmSync(folder, { recursive: true }))

/** The reports as `place text` or `place code message`; a single report as its text. */
async function read(content: string | Buffer, fromLine = 1): Promise<string[]> {
  const path = join(folder, 'reports')
  writeFileSync(path, content)
  const controller = new AbortController()
  try {
    const file = await openReports(path, fromLine, controller.signal)
    if (file.kind === 'one') return [file.text]
    const seen: string[] = []
    for await (const one of file.reports) {
      const text = 'text' in one ? one.text : `${one.refused.code} ${one.refused.message}`
      seen.push(`${one.place} ${text}`)
    }
    return seen
  } finally {
    controller.abort()
  }
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const MIB = 1024 ** 2

describe('a file of reports', () => {
  const CASES: Record<string, [content: string | Buffer, reports: string[]]> = {
    'one per line': ['{"a":1}\n{"a":2}\n', ['1 {"a":1}', '2 {"a":2}']],
    'one per line, with blank lines, CRLF and byte order marks': [
      '\ufeff{"a":1}\r\n\r\n\ufeff \n\ufeff{"a":2} \r\n',
      ['1 {"a":1}', '4 {"a":2}'],
    ],
    'one per line, one cut off': ['{"a":1}\n{"a":\n{"a":3}', ['1 {"a":1}', '2 {"a":', '3 {"a":3}']],
    'one per line, the first cut off': ['{"a":\n{"a":2}', ['1 {"a":', '2 {"a":2}']],
    'one per line, the first without its head': ['a":1}\n{"a":2}', ['1 a":1}', '2 {"a":2}']],
    'one per line, the last without its end': ['{"a":1}\n{"a"', ['1 {"a":1}', '2 {"a"']],
    'one per line, some ISO-8859-1': [
      latin1('{"a":1}\n{"a":"ñ"}\n{"a":3}'),
      ['1 {"a":1}', '2 400 Not valid UTF-8', '3 {"a":3}'],
    ],
    'one per line, one too long': [
      `{"a":1}\n{"a":"${'x'.repeat(2 * MIB)}"}\n{"a":3}`,
      ['1 {"a":1}', '2 413 Line too long', '3 {"a":3}'],
    ],
    'one report': [' {"a":1}\n', ['{"a":1}']],
    'one report over several lines': ['{\n  "a": [\n{"b":1}]}\n', ['{\n  "a": [\n{"b":1}]}']],
    'one report over several lines, cut off': ['{\n  "a": 1\n', ['{\n  "a": 1']],
    'an array': ['[{"a":1},\n {"a":\n2}]', ['0 {"a":1}', '1 {"a":\n2}']],
    'an array of one': [' \n[{"a":1}]', ['0 {"a":1}']],
  }
  for (const [name, [content, reports]] of Object.entries(CASES)) {
    it(`is read as ${name}`, async () => {
      assert.deepEqual(await read(content), reports)
    })
  }

  it('is read from a line on', async () => {
    assert.deepEqual(await read('x\n{"a":2}\n{"a":3}', 2), ['2 {"a":2}', '3 {"a":3}'])
    assert.deepEqual(await read('{"a":1}\n{"a":2}', 2), ['2 {"a":2}'])
  })

  const FAULTS: Record<string, [content: string | Buffer, fromLine: number, message: RegExp]> = {
    'has nothing': ['\n \n', 1, /contains no reports/],
    'is an empty array': ['[]', 1, /contains no reports/],
    'is an array cut off': ['[{"a":1},{"a"', 1, /nothing of it was sent: The array does not end/],
    'is an array in ISO-8859-1': [latin1('[{"a":1},\n"ñ"]'), 1, /line 2: .* Byte 2 .* 0xF1/],
    'is UTF-16': [Buffer.from('\ufeff{"a":1}', 'utf16le'), 1, /is UTF-16: save it as UTF-8/],
    'has fewer lines': ['{"a":1}\n', 3, /no report from line 3 on; it has 1 lines/],
    'is an array, which has no lines': ['[1]', 2, /leave out --from-line/],
  }
  for (const [name, [content, fromLine, message]] of Object.entries(FAULTS)) {
    it(`is refused when it ${name}`, async () => {
      await assert.rejects(read(content, fromLine), message)
    })
  }
})

it('lines do not depend on where the chunks of a file end', async () => {
  const bytes = Buffer.from('é\n\nlonger than eight\n12345678\nlast')
  const lines = async (size: number) => {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    )
    const seen: unknown[] = []
    const source = (async function* () {
      yield* chunks
    })()
    for await (const { line, bytes: text, end } of fileLines(source, 8)) {
      seen.push([line, text === null ? null : Buffer.from(text).toString(), end])
    }
    return seen
  }
  const expected = [
    [1, 'é', 3],
    [2, '', 4],
    [3, null, 22],
    [4, '12345678', 31],
    [5, 'last', 35],
  ]
  for (const size of [1, 2, 3, 7, 100]) assert.deepEqual(await lines(size), expected, `${size}`)
})
