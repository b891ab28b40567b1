import { AuthClient } from '@auth0/auth0-auth-js'

const { MIOT_ISSUER, MIOT_CLIENT_ID, MIOT_CLIENT_SECRET, MIOT_AUDIENCE } = process.env

const auth = new AuthClient({
  domain: new URL(MIOT_ISSUER).host,
  clientId: MIOT_CLIENT_ID,
  clientSecret: MIOT_CLIENT_SECRET,
})
const { accessToken } = await auth.getTokenByClientCredentials({ audience: MIOT_AUDIENCE })
console.log(accessToken)
