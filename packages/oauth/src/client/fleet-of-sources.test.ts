/**
 * A fleet of real token sources. `fleet.test.ts` tests only the arithmetic, over more lifetimes and
 * cases; this tests what devices use: the exchange, the parsing, the shared request, the clock.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { BINS_A_CYCLE, type FleetCase, type FleetRun } from './fleet-of-sources.fixture.ts'

const DEVICES = 20_000
const LATER_CYCLES = 2

const WORKER = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { runFleet } from ${JSON.stringify(new URL('./fleet-of-sources.fixture.ts', import.meta.url))}
  parentPort.postMessage(await runFleet(workerData))
`

/**
 * The test runner tracks every promise of its own thread; in a worker this takes seconds, not
 * minutes.
 */
async function run(fleet: FleetCase): Promise<FleetRun> {
  const file = new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`)
  const worker = new Worker(file, { workerData: fleet })
  const [result] = await once(worker, 'message')
  await worker.terminate()
  return result as FleetRun
}

/** From the second cycle on. */
async function laterRates(fleet: FleetCase) {
  const { boot, bins } = await run(fleet)
  assert.equal(boot, fleet.devices, 'one request each at the boot')
  const later = bins.subarray(BINS_A_CYCLE)
  assert.equal(later.length, LATER_CYCLES * BINS_A_CYCLE)
  const sum = later.reduce((total, count) => total + count, 0)
  return {
    ratio: Math.max(...later) / (sum / later.length),
    each: sum / fleet.devices / LATER_CYCLES,
  }
}

describe('20,000 token sources that start in the same second', () => {
  const cases: Readonly<Record<string, boolean>> = {
    'with the server’s refresh_in': true,
    'without any refresh_in': false,
  }
  for (const [what, hinted] of Object.entries(cases)) {
    it(`request at no more than twice their mean rate in later cycles, ${what}`, async (context) => {
      const { ratio, each } = await laterRates({ devices: DEVICES, hinted, spread: true })
      context.diagnostic(`peak over mean ${ratio.toFixed(2)}, ${each.toFixed(2)} tokens a lifetime`)
      assert.ok(ratio <= 2, `peak over mean is ${ratio.toFixed(2)}`)
      assert.ok(each < 1.5, `${each} tokens a device and lifetime`)
    })
  }

  it('would peak if they drew the same random number: this test can fail', async () => {
    const { ratio } = await laterRates({ devices: 2_000, hinted: false, spread: false })
    assert.ok(ratio > 10, `peak over mean is ${ratio.toFixed(2)}`)
  })
})
