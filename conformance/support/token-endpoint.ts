/**
 * The guarantees of both faces of the token endpoint. Each conformance file runs this with its
 * face, and adds its own tests.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BAD_AUTHENTICATION } from './bad-authentication.ts'
import { BAD_BODIES, padded } from './bad-bodies.ts'
import { BAD_PARAMETERS } from './bad-parameters.ts'
import type { BadRequest, Known } from './bad-token-request.ts'
import { type Answer, type Connection, openConnection } from './connection.ts'
import type { Face } from './faces.ts'
import { type Credentials, type RunningServer, startServer } from './running-server.ts'
import {
  assertChallenge,
  assertEchoesNothing,
  assertErrorBody,
  assertGranted,
  assertRefused,
  comparable,
  payloadOf,
} from './token-answers.ts'
import {
  asForm,
  asJson,
  basic,
  createClient,
  JSON_TYPE,
  type Message,
  withoutSecret,
} from './token-requests.ts'

/** State shared by the tests of a face, set before the first of them runs. */
export interface Subject {
  server: RunningServer
  connection: Connection
  /** Not the quick start's client, whose secret the server prints. */
  credentials: Credentials
  otherSecret: string
  /** Has tokens of 60 seconds. */
  shortLived: Credentials
  /** Is granted asset:track:read alone. */
  reader: Credentials
  /** Sends to the face. */
  send(message: Message, query?: string): Promise<Answer>
}

/** Starts a server for the file and registers the tests of both faces. */
export function describeTokenEndpoint(face: Face): Subject {
  const subject = {} as Subject
  before(async () => {
    subject.server = await startServer()
    subject.connection = openConnection(subject.server.url)
    const [client, other, shortLived, reader] = await Promise.all([
      createClient(subject.server),
      createClient(subject.server),
      createClient(subject.server, '--token-lifetime', '60'),
      createClient(subject.server, '--scope', 'asset:track:read'),
    ])
    Object.assign(subject, {
      credentials: client,
      otherSecret: other.client_secret,
      shortLived,
      reader,
    })
    subject.send = (message, query = '') =>
      subject.connection.send({ path: face.path + query, ...message })
  })
  after(async () => {
    subject.connection.close()
    await subject.server.stop()
  })
  describe(`${face.path} grants`, () => describeGrants(face, subject))
  describe(`${face.path} takes client authentication`, () => describeAuthentication(subject))
  describe(`${face.path} refuses`, () => describeRefusals(face, subject))
  return subject
}

function describeGrants(face: Face, subject: Subject): void {
  it('a token in a body of exactly the five documented members', async () => {
    for (const form of [asJson, asForm]) {
      const answer = await subject.send(form({ ...subject.credentials }))
      assertGranted(answer)
      const { access_token, refresh_in, ...rest } = answer.json()
      assert.match(String(access_token), /^[\w-]+\.[\w-]+\.[\w-]+$/)
      assert.ok(Number.isInteger(refresh_in) && (refresh_in as number) > 0)
      assert.ok((refresh_in as number) <= 86400 - 60, 'at least a minute before the token expires')
      assert.deepEqual(rest, {
        token_type: 'Bearer',
        expires_in: 86400,
        scope: 'asset:track:write asset:track:read',
      })
    }
  })

  it('no two alike: each token has a jti of its own', async () => {
    const answers = [
      await subject.send(asJson(subject.credentials)),
      await subject.send(asJson(subject.credentials)),
    ]
    const tokens = new Set(answers.map((answer) => answer.json().access_token))
    assert.equal(tokens.size, 2)
  })

  it('with Cache-Control: no-store and an X-Request-Id, the caller’s where it is usable', async () => {
    const id = 'request-4711'
    const echoed = await subject.send(asJson(subject.credentials, { 'x-request-id': id }))
    assert.equal(echoed.headers['x-request-id'], id)
    const replaced = await subject.send(
      asJson(subject.credentials, { 'x-request-id': 'not usable' }),
    )
    assert.match(String(replaced.headers['x-request-id']), /^[\x21-\x7e]+$/)
    for (const answer of [echoed, replaced]) assertGranted(answer)
  })

  it('exactly the scopes asked for', async () => {
    for (const scope of ['asset:track:read', 'asset:track:read asset:track:write']) {
      const answer = await subject.send(asForm({ ...subject.credentials, scope }))
      assertGranted(answer)
      assert.equal(answer.json().scope, scope)
    }
    const twice = 'asset:track:read  asset:track:read'
    const answer = await subject.send(asForm({ ...subject.credentials, scope: twice }))
    assert.equal(answer.json().scope, 'asset:track:read')
  })

  it('all that is granted when scope is left out or empty', async () => {
    for (const more of [{}, { scope: '' }]) {
      const answer = await subject.send(asForm({ ...subject.credentials, ...more }))
      assert.equal(answer.json().scope, 'asset:track:write asset:track:read')
    }
  })

  it('the same for resource as for audience, and for both where they agree', async () => {
    const { audience, ...rest } = subject.credentials
    for (const target of [{ audience }, { resource: audience }, { audience, resource: audience }]) {
      for (const form of [asJson, asForm]) {
        const answer = await subject.send(form({ ...rest, ...target }))
        assertGranted(answer)
        assert.equal(payloadOf(answer).aud, audience)
      }
    }
  })

  it('the only audience of a client to a request that names none', async () => {
    const { audience, ...rest } = subject.credentials
    for (const none of [{}, { audience: '' }, { resource: '' }, { audience: '', resource: '' }]) {
      for (const form of [asJson, asForm]) {
        const answer = await subject.send(form({ ...rest, ...none }))
        assertGranted(answer)
        assert.equal(payloadOf(answer).aud, audience)
      }
    }
    assertGranted(await subject.send(asJson({ ...rest, audience: null })))
    const header = basic(rest.client_id, rest.client_secret)
    const { grant_type } = rest
    assertGranted(await subject.send(asForm({ grant_type }, header)))
    assertRefused(
      await subject.send(asForm({ ...rest, scope: 'asset:track:admin' })),
      face.scopeNotGranted,
    )
  })

  it('one of several audiences only by name, unless the client has a default', async () => {
    const [first, second] = [subject.credentials.audience, `${subject.server.url}/admin/v1`]
    const several = await clientOfBoth(subject.server, second)
    const { audience, ...rest } = several
    const answer = await subject.send(asForm({ ...rest }))
    assertRefused(answer, { status: 400, error: 'invalid_request', names: ['audience'] })
    for (const name of [first, second]) assert.ok(!answer.text.includes(name), 'lists none')
    const named = await subject.send(asForm({ ...rest, resource: second }))
    assert.equal(payloadOf(named).aud, second)

    const withDefault = await clientOfBoth(subject.server, second, '--default-audience', second)
    const { audience: _, ...defaulted } = withDefault
    for (const [sent, aud] of [
      [{}, second],
      [{ audience: '' }, second],
      [{ audience: first }, first],
      [{ audience: second }, second],
    ] as const) {
      const granted = await subject.send(asJson({ ...defaulted, ...sent }))
      assertGranted(granted)
      assert.equal(payloadOf(granted).aud, aud)
    }
  })

  it('whatever else is sent: unknown parameters are ignored', async () => {
    const extra = { tenant: 'a', constructor: 'b', 'x"y': 'c' }
    assertGranted(await subject.send(asForm({ ...subject.credentials, ...extra })))
    assertGranted(await subject.send(asJson({ ...subject.credentials, list: [1, { a: null }] })))
  })

  it('for content types in any case and with a charset', async () => {
    const body = JSON.stringify(subject.credentials)
    for (const type of ['Application/JSON', 'application/json; charset=utf-8']) {
      assertGranted(await subject.send({ headers: { 'content-type': type }, body }))
    }
    const form = asForm({ ...subject.credentials })
    const type = 'application/x-www-form-urlencoded;charset=UTF-8'
    assertGranted(await subject.send({ ...form, headers: { 'content-type': type } }))
  })

  it('for a body of 16 KiB to the byte, in one piece and in chunks', async () => {
    const body = padded(subject.credentials, 16 * 1024)
    assertGranted(await subject.send({ headers: JSON_TYPE, body }))
    const chunked = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
    assertGranted(await subject.send({ headers: chunked, body }))
  })

  it('the lifetime that the client was given with --token-lifetime', async () => {
    const answer = await subject.send(asJson(subject.shortLived))
    assertGranted(answer)
    const { expires_in, refresh_in } = answer.json()
    assert.equal(expires_in, 60)
    assert.ok((refresh_in as number) > 0 && (refresh_in as number) < 60)
    const { exp, iat } = payloadOf(answer)
    assert.equal((exp as number) - (iat as number), 60)
  })

  it('only what the client has been granted, where that is less than the audience offers', async () => {
    const { reader } = subject
    const answer = await subject.send(asJson(reader))
    assert.equal(answer.json().scope, 'asset:track:read')
    const tooMuch = await subject.send(asJson({ ...reader, scope: 'asset:track:write' }))
    assertRefused(tooMuch, face.scopeNotGranted)
  })
}

/** A client that is granted ModularIoT API and this audience. */
async function clientOfBoth(
  server: RunningServer,
  audience: string,
  ...options: readonly string[]
): Promise<Credentials> {
  const client = await createClient(server)
  const args = ['clients', 'update', client.client_id, '--audience', audience, ...options]
  const { status, stderr } = await server.miot(args)
  assert.equal(status, 0, stderr)
  return client
}

function describeAuthentication(subject: Subject): void {
  it('client_secret_post, in JSON and in a form', async () => {
    assertGranted(await subject.send(asJson(subject.credentials)))
    assertGranted(await subject.send(asForm({ ...subject.credentials })))
  })

  it('client_secret_basic, with JSON and with a form', async () => {
    const { client_id, client_secret } = subject.credentials
    const header = basic(client_id, client_secret)
    assertGranted(await subject.send(asJson(withoutSecret(subject.credentials), header)))
    assertGranted(await subject.send(asForm(withoutSecret(subject.credentials), header)))
  })

  it('client_secret_basic with every character percent-encoded', async () => {
    const { client_id, client_secret } = subject.credentials
    const encode = (text: string) =>
      [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    const pair = Buffer.from(`${encode(client_id)}:${encode(client_secret)}`).toString('base64')
    for (const scheme of ['Basic', 'basic', 'BASIC']) {
      const authorization = `${scheme} ${pair}`
      assertGranted(
        await subject.send(asForm(withoutSecret(subject.credentials), { authorization })),
      )
    }
  })

  it('client_secret_basic with the same client_id in the body again', async () => {
    const { client_id, client_secret } = subject.credentials
    const body = { ...withoutSecret(subject.credentials), client_id }
    assertGranted(await subject.send(asForm(body, basic(client_id, client_secret))))
  })
}

function describeRefusals(face: Face, subject: Subject): void {
  for (const row of [...BAD_PARAMETERS, ...BAD_BODIES, ...BAD_AUTHENTICATION]) {
    it(row.what, () => assertRefusedAndHarmless(row, face, subject))
  }

  it('a client that fails to authenticate in the same way, whether it names an audience', async () => {
    const { audience, ...rest } = { ...subject.credentials, client_secret: subject.otherSecret }
    const answers = [
      await subject.send(asForm({ ...rest, audience })),
      await subject.send(asForm(rest)),
    ]
    for (const answer of answers) assertRefused(answer, face.badClient)
    assert.equal(new Set(answers.map(comparable)).size, 1)
  })

  it('16 MiB with 413 too, and not with a broken connection', async () => {
    // Repeated, to cover every moment at which a server may close the connection (RFC 9112 §9.6).
    for (let tries = 0; tries < 8; tries++) {
      const body = 'x'.repeat(16 * 1024 ** 2)
      assertRefused(await subject.send({ headers: JSON_TYPE, body }), {
        status: 413,
        error: 'invalid_request',
      })
    }
    assertGranted(await subject.send(asJson(subject.credentials)))
  })

  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    it(`${method} with 405 and Allow: POST`, async () => {
      const answer = await subject.send({ method })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.allow, 'POST')
      if (method !== 'HEAD') assertErrorBody(answer)
      assertGranted(await subject.send(asJson(subject.credentials)))
    })
  }

  it('an unknown client, a wrong secret and a malformed one with the same bytes', async () => {
    const { credentials, otherSecret } = subject
    const wrong = [
      { ...credentials, client_id: 'client_0000000000000000000000' },
      { ...credentials, client_secret: otherSecret },
      { ...credentials, client_secret: 'hunter2-hunter2-hunter2' },
    ]
    const inBody = wrong.flatMap((sent) => [asJson(sent), asForm(sent)])
    const inHeader = wrong.map((sent) =>
      asForm(withoutSecret(sent), basic(sent.client_id, sent.client_secret)),
    )
    for (const messages of [inBody, inHeader]) {
      const seen = new Set<string>()
      for (const message of messages) {
        const answer = await subject.send(message)
        assertRefused(answer, face.badClient)
        seen.add(comparable(answer))
      }
      assert.equal(seen.size, 1, [...seen].join('\n'))
    }
  })

  it('all of this without writing a secret to its log', async () => {
    const sentinel = 'the-last-refused-request'
    await subject.send(asJson({}, { 'x-request-id': sentinel }))
    for (let tries = 0; tries < 50 && !subject.server.output().includes(sentinel); tries++) {
      await sleep(20)
    }
    const log = subject.server.output()
    assert.ok(log.includes(sentinel), 'refusals are logged with their request id')
    for (const secret of [subject.credentials.client_secret, subject.otherSecret, 'hunter2']) {
      const lines = log.split('\n').filter((line) => line.includes(secret))
      assert.deepEqual(lines, [])
    }
  })
}

async function assertRefusedAndHarmless(
  row: BadRequest,
  face: Face,
  subject: Subject,
): Promise<void> {
  const known: Known = subject
  const refusal = typeof row.refusal === 'string' ? face[row.refusal] : row.refusal
  const before = await subject.send(asJson(subject.credentials))
  const message = row.message(known)
  const answer = await subject.send(message, row.query?.(known))
  assertRefused(answer, refusal)
  assertChallenge(answer)
  assertEchoesNothing(answer, known)
  const next = await subject.send(asJson(subject.credentials))
  assertGranted(next)
  if (row.mayClose) return
  assert.equal(answer.localPort, before.localPort, 'the refusal arrived over the same connection')
  assert.equal(next.localPort, before.localPort, 'and the next answer too')
}
