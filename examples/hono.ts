/**
 * An API of your own on Hono, here served by Node; the app itself runs on Deno, Bun and workers as
 * well. Run it with MIOT_ISSUER and MIOT_AUDIENCE set.
 */

import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { type AccessTokenClaims, OAuthError } from '@modulariot/oauth/protocol'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { authorize, METADATA, METADATA_PATH, verifier } from './verifier.ts'

type Env = { Variables: { claims: AccessTokenClaims } }

const requireToken = createMiddleware<Env>(async (context, next) => {
  const { address } = getConnInfo(context).remote
  context.set('claims', await authorize(context.req.header('authorization'), address))
  await next()
})

const app = new Hono<Env>()

app.get(METADATA_PATH, (context) => context.json(METADATA))

app.get('/', requireToken, (context) => context.json({ hello: context.get('claims').client_id }))

app.onError((error) => {
  if (!(error instanceof OAuthError)) throw error
  const { status, headers, body } = verifier.challenge(error)
  return new Response(body, { status, headers })
})

serve(
  { fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' },
  ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
)
