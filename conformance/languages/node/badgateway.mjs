import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'
import { report, TRACK_URL } from './report.mjs'

const { MIOT_ISSUER, MIOT_CLIENT_ID, MIOT_CLIENT_SECRET, MIOT_AUDIENCE } = process.env
const parameters = process.argv[2] === 'audience' ? { resource: MIOT_AUDIENCE } : {}

const client = new OAuth2Client({
  server: MIOT_ISSUER,
  clientId: MIOT_CLIENT_ID,
  clientSecret: MIOT_CLIENT_SECRET,
})
const wrapper = new OAuth2Fetch({
  client,
  getNewToken: () => client.clientCredentials(parameters),
})

const response = await wrapper.fetch(TRACK_URL, report())
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
