import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientRow } from '@modulariot/auth/client-file'
import type { BulkResult } from '../src/api/admin.ts'
import {
  FileIsUtf16,
  FileTooLarge,
  MAX_FILE_BYTES,
  readFile,
} from '../src/pages/import/read-file.ts'
import {
  BATCH_ROWS,
  batchEnd,
  createRun,
  type RunOptions,
  type Send,
} from '../src/pages/import/run.ts'

const row = (line: number, external_id: string | null = `E-${line}`): ClientRow => ({
  line,
  external_id,
  input: { name: `n${line}`, external_id },
})
const refused = (line: number): ClientRow => ({ line, external_id: null, refused: 'bad quote' })

const created = (line: string): BulkResult => {
  const { name, external_id } = JSON.parse(line)
  const client = { client_id: `c-${name}`, name, external_id, grants: [{ audience: 'https://a' }] }
  return { status: 'created', client, client_secret: `secret-${name}` } as never
}
const answering = (answer: (line: string, index: number) => BulkResult): Send =>
  async function* results(lines) {
    for (const [index, line] of lines.entries()) yield answer(line, index)
  }

function run(rows: readonly ClientRow[], send: Send, options: Partial<RunOptions> = {}) {
  const tokenUrl = 'https://iot.example/api/v1/login'
  return createRun({ rows, send, tokenUrl, isRefusal: () => false, dryRun: false, ...options })
}

describe('a run of an import', () => {
  it('sends batches, keeps the order, and writes the credentials of what was created', async () => {
    const rows = Array.from({ length: BATCH_ROWS + 2 }, (_, index) => row(index + 2))
    rows[1] = refused(3)
    const sizes: number[] = []
    const one = run(rows, (lines) => {
      sizes.push(lines.length)
      return answering((line) =>
        line.includes('"n5"') ? { status: 'refused', message: 'no such audience' } : created(line),
      )(lines)
    })
    await one.start()
    const { state, done, counts, faults, credentials } = one.progress()
    assert.deepEqual(sizes, [BATCH_ROWS, 1])
    assert.deepEqual([state, done, credentials], ['done', BATCH_ROWS + 2, BATCH_ROWS])
    assert.deepEqual([counts.created, counts.refused], [BATCH_ROWS, 2])
    assert.deepEqual(
      faults.map(({ line, message }) => [line, message]),
      [
        [3, 'bad quote'],
        [5, 'no such audience'],
      ],
    )
    const lines = one.credentialsFile().split('\r\n')
    assert.equal(lines[0]?.startsWith('line,external_id,name,client_id,client_secret'), true)
    assert.match(lines[1] ?? '', /^2,E-2,n2,c-n2,secret-n2,https:\/\/a,client_credentials,https:/)
    assert.equal(lines.length, BATCH_ROWS + 2)
  })

  it('has batches of bounded length', () => {
    const long = { line: 1, external_id: null, input: { name: 'x'.repeat(400_000) } }
    assert.equal(batchEnd([long, long, long, long], 0), 2)
    assert.equal(batchEnd([long, long, long, long], 2), 4)
    const huge = { line: 1, external_id: null, input: { name: 'x'.repeat(2_000_000) } }
    assert.equal(batchEnd([huge, huge], 0), 1)
  })

  it('stops after the batch in progress, and goes on with the next', async () => {
    const rows = Array.from({ length: 2 * BATCH_ROWS }, (_, index) => row(index))
    const seen: string[] = []
    const one = run(rows, (lines) => {
      one.stop()
      return answering((line) => {
        seen.push(line)
        return created(line)
      })(lines)
    })
    await one.start()
    assert.deepEqual([one.progress().state, one.progress().credentials], ['stopped', BATCH_ROWS])
    await one.start()
    assert.equal(one.progress().state, 'done')
    assert.equal(new Set(seen).size, 2 * BATCH_ROWS)
    assert.equal(seen.length, 2 * BATCH_ROWS)
  })

  it('names the rows whose answer broke off, and does not create them twice', async () => {
    const rows = [row(2), row(3), row(4, null), refused(5), row(6)]
    const sent: string[][] = []
    let breaks = true
    const one = run(rows, async function* (lines) {
      sent.push(lines.map((line) => JSON.parse(line).name))
      for (const [index, line] of lines.entries()) {
        if (breaks && index === 1) throw new Error('connection lost')
        const known = line.includes('"n3"')
        yield known ? ({ status: 'exists', client: {} } as never) : created(line)
      }
    })
    await one.start()
    assert.deepEqual([one.progress().state, one.progress().done], ['failed', 1])
    breaks = false
    await one.start()
    assert.deepEqual(sent, [
      ['n2', 'n3', 'n4', 'n6'],
      ['n3', 'n6'],
    ])
    assert.deepEqual(
      one.progress().faults.map(({ line, status }) => [line, status]),
      [
        [3, 'unanswered'],
        [4, 'unanswered'],
        [5, 'refused'],
      ],
    )
    assert.deepEqual([one.progress().counts.created, one.progress().credentials], [2, 2])
  })

  it('takes an answer that ends early for one that broke off', async () => {
    const one = run([row(2), row(3)], async function* (lines) {
      yield created(lines[0] ?? '')
    })
    await one.start()
    assert.deepEqual([one.progress().state, one.progress().done], ['failed', 1])
  })

  it('sends a batch again that the server refused, as a whole or from a line on', async () => {
    for (const stopped of [true, false]) {
      let attempts = 0
      const one = run(
        [row(2, null), row(3, null)],
        async function* (lines) {
          if (attempts++ > 0) return yield* answering(created)(lines)
          if (stopped) yield { status: 'stopped', message: 'not an administrator any more' }
          else throw new Error('429')
        },
        { isRefusal: () => !stopped },
      )
      await one.start()
      assert.deepEqual([one.progress().state, one.progress().done], ['failed', 0])
      await one.start()
      assert.equal(one.progress().counts.created, 2)
    }
  })

  it('that is dry tells which rows would be created, and may be repeated', async () => {
    let attempts = 0
    const one = run(
      [row(2, null), row(3)],
      async function* (lines) {
        if (attempts++ === 0) throw new Error('connection lost')
        yield { status: 'valid' }
        if (lines.length > 1) yield { status: 'exists', client: {} } as never
      },
      { dryRun: true },
    )
    await one.start()
    await one.start()
    assert.deepEqual([...one.valid()], [2])
    assert.deepEqual([one.progress().counts.valid, one.progress().counts.exists], [1, 1])
  })
})

describe('a chosen file', () => {
  const options = { name: 'f.csv', audience: 'https://a', environmentRefused: 'no environment' }
  const read = (text: string | Uint8Array<ArrayBuffer>) => readFile(new Blob([text]), options)

  it('is read as miot reads it, for one environment', async () => {
    const rows = await read('name;external_id;environment\nA;1;\nB;1;\nC;;production\nD;2;\n')
    assert.deepEqual(
      rows.map((one) => [one.line, 'refused' in one ? one.refused : Object(one.input).name]),
      [
        [2, 'A'],
        [3, 'Line 2 has the same external_id'],
        [4, 'no environment'],
        [5, 'D'],
      ],
    )
  })

  it('may be NDJSON', async () => {
    const rows = await read('{"name":"A"}\n')
    assert.deepEqual(rows, [
      { line: 1, external_id: null, input: { name: 'A', grants: [{ audience: 'https://a' }] } },
    ])
  })

  it('is refused as a whole when it is UTF-16, too large, or has another header', async () => {
    await assert.rejects(read(new Uint8Array([0xff, 0xfe, 0x6e, 0])), FileIsUtf16)
    const large = { size: MAX_FILE_BYTES + 1 } as Blob
    await assert.rejects(readFile(large, options), FileTooLarge)
    await assert.rejects(read('nam\nA'), /line 1: Unknown column "nam"; did you mean name/)
  })
})
