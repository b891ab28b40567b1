/** An API of your own on bare node:http. Run it with MIOT_ISSUER and MIOT_AUDIENCE set. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { authorize, METADATA, METADATA_PATH, verifier } from './verifier.ts'

async function hello(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { authorization } = request.headers
  const { client_id } = await authorize(authorization, request.socket.remoteAddress)
  sendJson(response, { hello: client_id })
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** Turns an error of `verify` into its response; any other error is a fault of the program. */
function refuse(response: ServerResponse, error: unknown): void {
  try {
    const { status, headers, body } = verifier.challenge(error)
    response.writeHead(status, headers).end(body)
  } catch (fault) {
    console.error(fault)
    response.writeHead(500).end()
  }
}

const server = createServer((request, response) => {
  if (request.url === METADATA_PATH) return sendJson(response, METADATA)
  hello(request, response).catch((error) => refuse(response, error))
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : null
  console.log(`listening on http://127.0.0.1:${port}`)
})
