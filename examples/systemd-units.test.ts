/** The units of examples/systemd, where there is a systemd to read them. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const UNITS = join(CHECKOUT, 'examples/systemd')
const ANALYZE = 'systemd-analyze'
const missing = spawnSync(ANALYZE, ['--version']).error !== undefined

it('are valid, and start what is there', { skip: missing && `no ${ANALYZE}` }, () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'units-'))
  const paths = readdirSync(UNITS).map((name) => {
    const unit = readFileSync(join(UNITS, name), 'utf8').replaceAll('/opt/modulariot/', CHECKOUT)
    const path = join(folder.path, name)
    writeFileSync(path, unit)
    return path
  })
  assert.equal(paths.length, 2)
  const { stderr } = spawnSync(ANALYZE, ['verify', ...paths], { encoding: 'utf8' })
  // Of this machine's own units it complains as well.
  const complaints = stderr.split('\n').filter((line) => line.includes('modulariot'))
  assert.deepEqual(complaints, [])
})
