import { ClientCredentials } from 'simple-oauth2'

const { MIOT_ISSUER, MIOT_CLIENT_ID, MIOT_CLIENT_SECRET, MIOT_AUDIENCE } = process.env
const parameters = process.argv[2] === 'audience' ? { audience: MIOT_AUDIENCE } : {}

const client = new ClientCredentials({
  client: { id: MIOT_CLIENT_ID, secret: MIOT_CLIENT_SECRET },
  auth: { tokenHost: MIOT_ISSUER },
})
const { token } = await client.getToken(parameters)
console.log(token.access_token)
