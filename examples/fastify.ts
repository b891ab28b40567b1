/** An API of your own on Fastify. Run it with MIOT_ISSUER and MIOT_AUDIENCE set. */

import { type AccessTokenClaims, bearerChallenge, OAuthError } from '@modulariot/oauth/protocol'
import Fastify, { type FastifyRequest } from 'fastify'
import { verifier } from './verifier.ts'

const app = Fastify()

const claimsOf = new WeakMap<FastifyRequest, AccessTokenClaims>()

/** Before the body is read: strangers do not get to make us parse. */
function requireScope(scope: string) {
  return async (request: FastifyRequest): Promise<void> => {
    claimsOf.set(request, await verifier.verify(request.headers.authorization, { scope }))
  }
}

app.get('/', { onRequest: requireScope('asset:track:write') }, async (request) => ({
  hello: claimsOf.get(request)?.client_id,
}))

app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof OAuthError)) throw error
  return reply.code(error.status).header('www-authenticate', bearerChallenge(error)).send()
})

const url = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
console.log(`listening on ${url}`)
