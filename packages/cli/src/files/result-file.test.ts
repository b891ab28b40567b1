import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openResultFile } from './result-file.ts'

const COLUMNS = ['id', 'status', 'secret'] as const
const folder = mkdtempSync(join(tmpdir(), 'miot-results-'))
after(() => rmSync(folder, { recursive: true }))

/** Prints the id of each change before it writes its row, as a server makes it before. */
const CHANGES = `
  const { openResultFile } = await import(process.argv[1])
  const results = openResultFile(process.argv[2], ${JSON.stringify(COLUMNS)})
  for (let id = 1; id < 10_000; id++) {
    results.reserve()
    process.stdout.write(id + '\\n')
    results.write({ id: String(id), status: 'rotated', secret: 'x'.repeat(5000) })
  }`

describe('a file of results', () => {
  it('has the result of every change, also when the disk is full', {
    skip: process.platform === 'win32',
  }, () => {
    const out = join(folder, 'full.csv')
    const module = new URL('./result-file.ts', import.meta.url).href
    // A file that may not grow further stands for a disk that is full.
    const limited = `trap '' XFSZ; ulimit -f 300; exec "$0" "$@"`
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', limited, process.execPath, '--input-type=module', '-e', CHANGES, module, out],
      { encoding: 'utf8', timeout: 60_000 },
    )
    assert.equal(status, 1, stderr)
    assert.match(stderr, /EFBIG/)
    const changed = stdout.trim().split('\n')
    assert.ok(changed.length > 5, stderr)
    const results = openResultFile(out, COLUMNS, true)
    assert.deepEqual([...results.done], changed)
    results.close()
    assert.match(readFileSync(out, 'utf8'), /^id,status,secret\r?\n[^ ]*\r?\n$/)
  })

  it('continues after the rows that are whole, without the room for the next', () => {
    const out = join(folder, 'cut.csv')
    const first = openResultFile(out, COLUMNS)
    first.reserve()
    first.write({ id: 'a', status: 'rotated', secret: 's' })
    first.close()
    const whole = readFileSync(out, 'utf8')
    appendFileSync(out, `b,rotated,half${' '.repeat(100)}`)
    const second = openResultFile(out, COLUMNS, true)
    assert.deepEqual([...second.done], ['a'])
    second.write({ id: 'b', status: 'rotated', secret: 't' })
    second.close()
    const [header, row = ''] = whole.split('\n')
    const next = row.replace('a', 'b').replace(',s', ',t')
    assert.equal(readFileSync(out, 'utf8'), [header, row, next, ''].join('\n'))
  })
})
