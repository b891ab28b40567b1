/** An API of your own on Express. Run it with MIOT_ISSUER and MIOT_AUDIENCE set. */

import { OAuthError } from '@modulariot/oauth/protocol'
import express, { type NextFunction, type Request, type Response } from 'express'
import { authorize, METADATA, METADATA_PATH, verifier } from './verifier.ts'

async function requireToken(request: Request, response: Response, next: NextFunction) {
  response.locals.claims = await authorize(request.headers.authorization, request.ip)
  next()
}

const app = express()

app.get(METADATA_PATH, (_request, response) => {
  response.json(METADATA)
})

app.get('/', requireToken, (_request, response) => {
  response.json({ hello: response.locals.claims.client_id })
})

// Express recognizes an error handler by its four parameters.
app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof OAuthError)) return next(error)
  const { status, headers, body } = verifier.challenge(error)
  response.status(status).set(headers).send(body)
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : null
  console.log(`listening on http://127.0.0.1:${port}`)
})
