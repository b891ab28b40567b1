/**
 * The peer: `oidc-provider` with its own in-memory adapter, configured to issue the same tokens.
 * Its clients are static, which is its fastest lookup.
 */

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration, errors, type JWKS } from 'oidc-provider'
import { answerParent } from '../support/child.ts'
import { AUDIENCES, type BenchClient, SCOPE, TOKEN_LIFETIME_SECONDS } from './clients.ts'

export interface PeerSetup {
  readonly clients: readonly BenchClient[]
  /** Public keys of the clients without a secret. */
  readonly jwks: { readonly keys: readonly object[] }
}

function signingKeys(): JWKS {
  const made = [
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ] as const
  const keys = made.map(([alg, { privateKey }]) => {
    return { ...privateKey.export({ format: 'jwk' }), kid: alg, use: 'sig' }
  })
  return { keys } as JWKS
}

function configure({ clients, jwks }: PeerSetup): Configuration {
  return {
    clients: clients.map(({ client_id, client_secret }) => ({
      client_id,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: SCOPE,
      ...(client_secret === null
        ? {
            token_endpoint_auth_method: 'private_key_jwt' as const,
            token_endpoint_auth_signing_alg: 'ES256' as const,
            jwks: jwks as unknown as JWKS,
          }
        : { token_endpoint_auth_method: 'client_secret_post' as const, client_secret }),
    })),
    jwks: signingKeys(),
    scopes: SCOPE.split(' '),
    ttl: { ClientCredentials: TOKEN_LIFETIME_SECONDS },
    clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource) {
          const alg = Object.entries(AUDIENCES).find(([, audience]) => audience === resource)?.[0]
          if (alg === undefined) throw new errors.InvalidTarget()
          return {
            scope: SCOPE,
            audience: resource,
            accessTokenTTL: TOKEN_LIFETIME_SECONDS,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: alg as 'RS256', kid: alg } },
          }
        },
      },
    },
  }
}

answerParent(async (setup: PeerSetup): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const provider = new Provider(`http://localhost:${port}`, configure(setup))
  server.on('request', provider.callback())
  return port
})
