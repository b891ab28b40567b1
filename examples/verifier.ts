/** What the four examples share: one verifier, made once, used for each request. */

import { createVerifier, RemoteJwks } from '@modulariot/oauth/resource-server'

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name}`)
  return value
}

const issuer = required('MIOT_ISSUER')

export const verifier = createVerifier({
  issuer,
  /** The API these tokens must be for. */
  audience: required('MIOT_AUDIENCE'),
  keys: new RemoteJwks({
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    fetch,
    now: () => performance.now(),
  }),
  now: Date.now,
})
