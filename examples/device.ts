/**
 * A device that reports its position, and keeps its readings while the network is down.
 *
 * Run it with the settings that `npm start` wrote: `node --env-file data/quickstart.env
 * examples/device.ts`. Stop the server while it runs, or kill the device: no reading is lost.
 */

import { setInterval } from 'node:timers/promises'
import { closeOnExit, ModularIoT, Spool } from '@modulariot/sdk/node'

const asset_id = process.env.ASSET_ID ?? 'TRUCK-001'

const miot = ModularIoT.fromEnv()
const spool = await Spool.open({ directory: process.env.SPOOL_DIR ?? './spool' })
const buffer = miot.assets.buffer({
  queue: spool,
  maxDelayMs: 2_000,
  whenFull: 'drop_oldest',
  onFailure: (error, retryInMs) => console.error(`${error.message}; retrying in ${retryInMs} ms`),
  onRefused: (report, error) => console.error(`refused: ${report.body}: ${error.message}`),
})
closeOnExit([buffer])

console.log(`${buffer.items} readings left from the last run`)
for await (const _ of setInterval(Number(process.env.INTERVAL_MS ?? 1_000))) {
  await buffer.push({ asset_id, timestamp: new Date().toISOString(), gps: readGps() })
}

/** A slow circle around Santiago. */
function readGps() {
  const angle = Date.now() / 60_000
  return {
    latitude: -33.45 + 0.05 * Math.sin(angle),
    longitude: -70.66 + 0.05 * Math.cos(angle),
    speed: 42,
  }
}
