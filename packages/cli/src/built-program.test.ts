import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempDisposableSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { builtProgram, statesOf } from './built-program.ts'

const PACKAGE = fileURLToPath(new URL('../', import.meta.url))

/** A source with a record of its build, and what `builtProgram` answers once it is changed. */
function after(change: (source: string, stats: Stats, program: string) => void): string | null {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-built-'))
  const source = join(folder.path, 'source.ts')
  writeFileSync(source, 'one')
  utimesSync(source, 1_000_000_000.25, 1_000_000_000.25)
  const record = join(folder.path, 'built.json')
  const inputs = statesOf([relative(PACKAGE, source)])
  writeFileSync(record, JSON.stringify({ program: 'a/miot.js', inputs }))
  const file = join(folder.path, 'a', 'miot.js')
  mkdirSync(dirname(file))
  writeFileSync(file, '')
  change(source, statSync(source), file)
  const program = builtProgram(pathToFileURL(record))
  return program && relative(folder.path, fileURLToPath(program))
}

describe('the built program', () => {
  it('runs while no source has changed', () => {
    assert.equal(
      after(() => {}),
      join('a', 'miot.js'),
    )
  })

  it('does not run when a source has another time, though its size is the same', () => {
    const write = (source: string) => writeFileSync(source, 'two')
    assert.equal(after(write), null)
  })

  it('does not run when a source has another size, though its time is the same', () => {
    const write = (source: string, { atime, mtime }: Stats) => {
      writeFileSync(source, 'other')
      utimesSync(source, atime, mtime)
    }
    assert.equal(after(write), null)
  })

  it('does not run when a source is missing', () => {
    assert.equal(
      after((source) => rmSync(source)),
      null,
    )
  })

  it('does not run when it is missing', () => {
    assert.equal(
      after((_source, _stats, program) => rmSync(program)),
      null,
    )
  })

  it('runs in the layer of an image, which holds whole seconds', () => {
    const write = (source: string) => utimesSync(source, 1_000_000_000, 1_000_000_000)
    assert.equal(after(write), join('a', 'miot.js'))
  })

  it('is none without a record, or with half of one', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-built-'))
    const record = join(folder.path, 'built.json')
    assert.equal(builtProgram(pathToFileURL(record)), null)
    writeFileSync(record, '{"program":"a/mi')
    assert.equal(builtProgram(pathToFileURL(record)), null)
  })
})
