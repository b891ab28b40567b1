/** An API of your own on Fastify. Run it with MIOT_ISSUER and MIOT_AUDIENCE set. */

import { type AccessTokenClaims, OAuthError } from '@modulariot/oauth/protocol'
import Fastify, { type FastifyRequest } from 'fastify'
import { authorize, METADATA, METADATA_PATH, verifier } from './verifier.ts'

const app = Fastify()

const claimsOf = new WeakMap<FastifyRequest, AccessTokenClaims>()

/** Before the body is parsed, so that unauthenticated requests cost no parsing. */
async function requireToken(request: FastifyRequest): Promise<void> {
  claimsOf.set(request, await authorize(request.headers.authorization, request.ip))
}

app.get(METADATA_PATH, async () => METADATA)

app.get('/', { onRequest: requireToken }, async (request) => ({
  hello: claimsOf.get(request)?.client_id,
}))

app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof OAuthError)) throw error
  const { status, headers, body } = verifier.challenge(error)
  return reply.code(status).headers(headers).send(body)
})

const url = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
console.log(`listening on ${url}`)
