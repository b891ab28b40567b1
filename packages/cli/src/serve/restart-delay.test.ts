import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RestartDelay } from './restart-delay.ts'

const SOON = 9_999
const LATE = 10_000

it('replaces a worker at once, then waits longer while replacements end soon', () => {
  const delay = new RestartDelay()
  const delays = [SOON, SOON, SOON, SOON, SOON, SOON, SOON, SOON].map((ms) => delay.after(ms))
  assert.deepEqual(delays, [0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  assert.deepEqual([delay.after(LATE), delay.after(SOON)], [0, 1000])
})
