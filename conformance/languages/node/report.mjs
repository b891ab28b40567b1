/** What a report needs besides its token. */

import { randomUUID } from 'node:crypto'

export const TRACK_URL = `${process.env.MIOT_API_URL}/v1/asset/track`

export function report() {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-request-id': randomUUID(),
      'x-request-timestamp': String(Date.now() / 1000),
    },
    body: JSON.stringify({
      asset_id: process.env.ASSET_ID,
      timestamp: new Date().toISOString(),
    }),
  }
}
