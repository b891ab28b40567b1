/** An API of your own on bare node:http. Run it with MIOT_ISSUER and MIOT_AUDIENCE set. */

import { createServer } from 'node:http'
import { bearerChallenge, OAuthError } from '@modulariot/oauth/protocol'
import { verifier } from './verifier.ts'

const server = createServer(async (request, response) => {
  try {
    const claims = await verifier.verify(request.headers.authorization, {
      scope: 'asset:track:write',
    })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ hello: claims.client_id }))
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    response.writeHead(error.status, { 'www-authenticate': bearerChallenge(error) })
    response.end()
  }
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : null
  console.log(`listening on http://127.0.0.1:${port}`)
})
