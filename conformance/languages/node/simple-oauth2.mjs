import { ClientCredentials } from 'simple-oauth2'

const { MIOT_ISSUER, MIOT_CLIENT_ID, MIOT_CLIENT_SECRET } = process.env

const client = new ClientCredentials({
  client: { id: MIOT_CLIENT_ID, secret: MIOT_CLIENT_SECRET },
  auth: { tokenHost: MIOT_ISSUER },
})
const { token } = await client.getToken({})
console.log(token.access_token)
