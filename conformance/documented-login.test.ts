/**
 * `POST /api/v1/login` as the published ModularIoT documents describe it. Existing clients were
 * written against these responses: a Node one that posts JSON, a Python and an Elixir one that post
 * forms.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DOCUMENTED } from './support/faces.ts'
import { assertErrorBody, assertGranted, comparable, payloadOf } from './support/token-answers.ts'
import { describeTokenEndpoint } from './support/token-endpoint.ts'
import { asForm, asJson, basic, FORM_TYPE, JSON_TYPE } from './support/token-requests.ts'

const subject = describeTokenEndpoint(DOCUMENTED)

describe('the documents’ own examples', () => {
  it('log in the Node client, which posts its four credentials as JSON', async () => {
    const { client_id, client_secret, audience } = subject.credentials
    const body = `{"client_id":"${client_id}","client_secret":"${client_secret}","audience":"${audience}","grant_type":"client_credentials"}`
    const answer = await subject.send({ headers: { ...JSON_TYPE, accept: '*/*' }, body })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.json().token_type, 'Bearer')
  })

  it('log in the Python and Elixir clients, which post a form', async () => {
    const { client_id, client_secret, audience } = subject.credentials
    const body = `grant_type=client_credentials&client_id=${client_id}&client_secret=${client_secret}&audience=${encodeURIComponent(audience)}`
    const answer = await subject.send({ headers: FORM_TYPE, body })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.json().expires_in, 86400)
  })

  it('return exactly Unauthorized to a client that fails to authenticate', async () => {
    for (const form of [asJson, asForm]) {
      const answer = await subject.send(form({ ...subject.credentials, client_secret: 'wrong' }))
      assert.equal(answer.status, 401)
      assert.equal(answer.text, '{"error":"access_denied","error_description":"Unauthorized"}')
    }
  })

  it('return exactly the violated audience rule', async () => {
    const answer = await subject.send(
      asJson({ ...subject.credentials, audience: 'https://x.example' }),
    )
    assert.equal(answer.status, 403)
    assert.equal(
      answer.text,
      '{"error":"access_denied","error_description":"Client is not authorized to access the audience"}',
    )
  })

  it('name the missing fields of a request without client authentication, as of any other', async () => {
    const { audience, grant_type } = subject.credentials
    const answer = await subject.send(asJson({ audience, grant_type }))
    assert.equal(answer.status, 400)
    const { error, error_description } = assertErrorBody(answer)
    assert.equal(error, 'invalid_request')
    assert.match(error_description, /client_id.*client_secret/)
  })
})

describe('POST /oauth/token, the path of Auth0 and of its legacy libraries', () => {
  const send = (message: ReturnType<typeof asJson>) =>
    subject.connection.send({ path: '/oauth/token', ...message })

  it('issues the token that /api/v1/login issues', async () => {
    for (const form of [asJson, asForm]) {
      const message = form({ ...subject.credentials })
      const [here, there] = [await send(message), await subject.send(message)]
      for (const answer of [here, there]) assertGranted(answer)
      const shared = (answer: typeof here) => {
        const { access_token, ...body } = answer.json()
        const { jti, iat, exp, ...claims } = payloadOf(answer)
        return { body, claims }
      }
      assert.deepEqual(shared(here), shared(there))
    }
  })

  it('refuses what /api/v1/login refuses, with the same bytes', async () => {
    const { credentials, otherSecret } = subject
    const { audience, grant_type, client_id } = credentials
    const refused = [
      asJson({ ...credentials, client_secret: otherSecret }),
      asForm({ audience, grant_type }, basic(client_id, otherSecret)),
      asJson({ ...credentials, audience: 'https://x.example' }),
      asForm({ ...credentials, scope: 'asset:track:admin' }),
      asJson({ audience, grant_type }),
      asJson({ ...credentials, grant_type: 'password' }),
      { headers: JSON_TYPE, body: '{' },
      { headers: { 'content-type': 'text/plain' }, body: 'x' },
      { method: 'GET' },
    ]
    for (const message of refused) {
      const [here, there] = [await send(message), await subject.send(message)]
      assert.ok(here.status >= 400)
      assert.equal(comparable(here), comparable(there))
    }
  })
})
