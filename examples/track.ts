/** The shortest way to one report: `node --env-file data/quickstart.env examples/track.ts`. */

import { ModularIoT } from '@modulariot/sdk/node'

const miot = ModularIoT.fromEnv()
const { request_id } = await miot.assets.track({
  asset_id: 'TRUCK-001',
  timestamp: new Date().toISOString(),
  gps: { latitude: -33.45, longitude: -70.66 },
})
console.log(`stored as ${request_id}`)
