import assert from 'node:assert/strict'
import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { SignedCheckpoint } from '@modulariot/auth'
import {
  appendCheckpoint,
  findCheckpoints,
  MAX_FILE_BYTES,
  readCheckpoints,
  segmentsOf,
} from './checkpoint-file.ts'

const signedOf = (seq: number): SignedCheckpoint => ({
  ...{ iss: 'https://auth.example', at: '2026-01-02T03:04:05.678Z', first_seq: 1, kid: 'kid' },
  ...{ seq, hash: '0'.repeat(64), checkpoint: `head.row-${seq}.signature` },
})

describe('the file of checkpoints', () => {
  it('grows by one line each, is readable by its owner only, and survives half a line', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'checkpoints')
    assert.deepEqual(readCheckpoints(path), { checkpoints: [], unreadable: [] })
    appendCheckpoint(path, signedOf(1))
    assert.equal(statSync(path).mode & 0o777, 0o600)
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"checkpo`)
    appendCheckpoint(path, signedOf(2))
    const checkpoints = ['head.row-1.signature', 'head.row-2.signature']
    assert.deepEqual(readCheckpoints(path), { checkpoints, unreadable: [2] })
  })

  it('drops its older half above a mebibyte', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'checkpoints')
    const line = `${JSON.stringify(signedOf(1))}\n`
    const lines = Math.ceil(MAX_FILE_BYTES / line.length) + 1
    writeFileSync(path, line.repeat(lines))
    appendCheckpoint(path, signedOf(2))
    assert.equal(readCheckpoints(path).checkpoints.length, lines + 1, 'no bound was given')
    appendCheckpoint(path, signedOf(2), MAX_FILE_BYTES)
    assert.ok(statSync(path).size < 600_000, String(statSync(path).size))
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(readCheckpoints(path).checkpoints.at(-1), 'head.row-2.signature')
  })
})

describe('a text with checkpoints', () => {
  const signed = signedOf(7)
  const { checkpoint } = signed

  it('may be the output of any command or endpoint, or lines of it', () => {
    const logged = JSON.stringify({ level: 30, seq: 7, checkpoint: segmentsOf(checkpoint) })
    const forms = [
      checkpoint,
      ` ${checkpoint}\n`,
      JSON.stringify(signed),
      JSON.stringify(signed, null, 2),
      logged,
    ]
    for (const text of forms) {
      assert.deepEqual(findCheckpoints(text), { checkpoints: [checkpoint], unreadable: [] }, text)
    }
    const lines = `${checkpoint}\n\n${JSON.stringify(signed)}\n${logged}\n`
    assert.equal(findCheckpoints(lines).checkpoints.length, 3)
  })

  it('names the lines without one', () => {
    const text = `${checkpoint}\nno\n{"checkpoint":7}\nnull\n{"checkpoint":["a","b"]}`
    assert.deepEqual(findCheckpoints(text), {
      checkpoints: [checkpoint],
      unreadable: [2, 3, 4, 5],
    })
  })
})
