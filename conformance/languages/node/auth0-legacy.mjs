import { AuthenticationClient } from 'auth0/legacy'

const { MIOT_ISSUER, MIOT_CLIENT_ID, MIOT_CLIENT_SECRET, MIOT_AUDIENCE } = process.env

const auth0 = new AuthenticationClient({
  domain: new URL(MIOT_ISSUER).host,
  clientId: MIOT_CLIENT_ID,
  clientSecret: MIOT_CLIENT_SECRET,
})
const { data } = await auth0.oauth.clientCredentialsGrant({ audience: MIOT_AUDIENCE })
console.log(data.access_token)
