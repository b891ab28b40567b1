/** The quick form of each program, as a test. `npm run faults` runs all of them in full. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileOf, PROGRAMS } from './programs.ts'

describe('faults, quickly', () => {
  for (const [name, about] of Object.entries(PROGRAMS)) {
    it(`${name}: ${about}`, async () => {
      const child = spawn(process.execPath, [fileOf(name), '--quick'])
      const printed = Promise.all([text(child.stdout), text(child.stderr)])
      const status = await new Promise((resolve) => child.once('exit', resolve))
      assert.equal(status, 0, (await printed).join(''))
    })
  }
})
