/** Samples shared by the tests. Not exported by the package. */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import type { Asset, Tenant } from './store/store.ts'

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
export const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }

/** The claims of a token of `client_1`, valid for a minute after NOW_MS. */
export function claimsWith(change: Partial<AccessTokenClaims>): AccessTokenClaims {
  return {
    iss: 'https://auth.example',
    sub: 'client_1',
    aud: 'https://api.example',
    exp: NOW_MS / 1000 + 60,
    iat: NOW_MS / 1000,
    jti: 'jti',
    client_id: 'client_1',
    azp: 'client_1',
    scope: '',
    ...TENANT,
    ...change,
  }
}

export const ASSET: Asset = {
  asset_id: 'truck',
  type: null,
  timestamp_ms: NOW_MS + 678,
  first_received_ms: NOW_MS + 1000,
  last_received_ms: NOW_MS + 2000,
  payload: '{"asset_id":"truck","own":[1,null]}',
}
