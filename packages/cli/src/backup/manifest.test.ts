import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Manifest, manifestText, readManifest } from './manifest.ts'

const sum = { bytes: 1, sha256: 'a'.repeat(64) }
const MANIFEST: Omit<Manifest, 'format'> = {
  program: '0.1.0',
  created_at: '2026-05-01T12:00:00.000Z',
  issuer: 'https://auth.example',
  database: 'sqlite',
  schemas: { auth: 4, telemetry: 3 },
  trail: { seq: 1, hash: 'b' },
  encryption_key: 'included',
  files: [
    { name: 'encryption.key', ...sum },
    { name: 'telemetry.db', ...sum },
    { name: 'auth.db', ...sum },
  ],
}

function read(text: string): Manifest {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  writeFileSync(join(folder.path, 'backup.json'), text)
  return readManifest(folder.path)
}

const readChanged = (change: object): Manifest =>
  read(JSON.stringify({ ...JSON.parse(manifestText(MANIFEST)), ...change }))

describe('readManifest', () => {
  it('reads what was written', () => {
    assert.deepEqual(read(manifestText(MANIFEST)), { format: 1, ...MANIFEST })
  })

  it('refuses a directory without one: its backup did not finish', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    for (const path of [folder.path, join(folder.path, 'missing')]) {
      assert.throws(() => readManifest(path), { code: 'not_found', message: /no complete backup/ })
    }
  })

  it('refuses one of a newer program, and says what to do', () => {
    assert.throws(() => readChanged({ format: 2 }), { message: /restore it with that version/ })
  })

  for (const [what, text] of [
    ['half a file', manifestText(MANIFEST).slice(0, 100)],
    ['null', 'null'],
    ['an array', '[]'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => read(text), { code: 'failure', message: /is damaged/ })
    })
  }

  for (const [what, change] of [
    ['a file outside of the backup', { files: [{ name: '../auth.db', ...sum }] }],
    ['a file twice', { files: [...MANIFEST.files, MANIFEST.files[2]] }],
    ['a missing database', { files: MANIFEST.files.slice(0, 2) }],
    ['a missing key', { files: MANIFEST.files.slice(1) }],
    ['a key that is said to be left out', { encryption_key: 'left_out' }],
    ['a missing dump', { database: 'postgres' }],
    ['a checksum that is none', { files: [{ name: 'auth.db', bytes: 1, sha256: 'x' }] }],
    ['no time', { created_at: 'yesterday' }],
    ['no head', { trail: {} }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readChanged(change), { code: 'failure', message: /is damaged/ })
    })
  }
})
