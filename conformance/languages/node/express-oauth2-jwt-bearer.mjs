import { once } from 'node:events'
import { createInterface } from 'node:readline'
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'

const app = express()
app.use(auth({ issuerBaseURL: process.env.MIOT_ISSUER, audience: process.env.MIOT_AUDIENCE }))
app.get('/', (_request, response) => response.send('accepted'))

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}/`

for await (const token of createInterface({ input: process.stdin })) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  console.log(response.ok ? 'accept' : 'refuse')
  if (!response.ok) console.error(response.headers.get('www-authenticate'))
}
server.close()
