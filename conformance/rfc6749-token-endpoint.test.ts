/**
 * `POST /oauth2/token` by RFC 6749 (the OAuth 2.0 framework), for the client-credentials grant, and
 * by RFC 8707 (resource indicators).
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STANDARD } from './support/faces.ts'
import { assertChallenge, assertRefused } from './support/token-answers.ts'
import { describeTokenEndpoint } from './support/token-endpoint.ts'
import { asForm, asJson, basic, withoutSecret } from './support/token-requests.ts'

const subject = describeTokenEndpoint(STANDARD)

describe('RFC 6749', () => {
  it('§2.3.1: a failed Basic authentication is challenged with Basic and a realm', async () => {
    const { credentials, otherSecret } = subject
    const header = basic(credentials.client_id, otherSecret)
    const answer = await subject.send(asForm(withoutSecret(credentials), header))
    assertRefused(answer, STANDARD.badClient)
    assert.match(String(answer.headers['www-authenticate']), /^Basic realm="[^"]+"/)
  })

  it('§5.2: a client_id without a secret is a client that did not authenticate', async () => {
    const { client_id, audience, grant_type } = subject.credentials
    for (const form of [asForm, asJson]) {
      const answer = await subject.send(form({ client_id, audience, grant_type }))
      assertRefused(answer, { status: 401, error: 'invalid_client', names: ['client_secret'] })
      assertChallenge(answer)
    }
  })

  it('§4.4.3: no refresh token comes with the access token', async () => {
    const answer = await subject.send(asForm({ ...subject.credentials }))
    assert.ok(!('refresh_token' in answer.json()))
  })

  it('§5.1: an answer with a token carries Pragma: no-cache', async () => {
    const answer = await subject.send(asForm({ ...subject.credentials }))
    assert.equal(answer.headers.pragma, 'no-cache')
  })

  it('§5.2: an unsupported method of authentication is invalid_client', async () => {
    const answer = await subject.send(
      asForm(withoutSecret(subject.credentials), { authorization: 'Digest username="a"' }),
    )
    assertRefused(answer, STANDARD.badClient)
  })
})
