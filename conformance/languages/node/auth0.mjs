import { readFileSync } from 'node:fs'
import { AuthenticationClient } from 'auth0'

const { MIOT_ISSUER, MIOT_CLIENT_ID, MIOT_CLIENT_SECRET, MIOT_AUDIENCE, MIOT_KEY_FILE } =
  process.env

const auth0 = new AuthenticationClient({
  domain: new URL(MIOT_ISSUER).host,
  clientId: MIOT_CLIENT_ID,
  ...(process.argv[2] === 'private-key-jwt'
    ? { clientAssertionSigningKey: readFileSync(MIOT_KEY_FILE, 'utf8') }
    : { clientSecret: MIOT_CLIENT_SECRET }),
})
const { data } = await auth0.oauth.clientCredentialsGrant({ audience: MIOT_AUDIENCE })
console.log(data.access_token)
