/**
 * The recipe for RabbitMQ in docs/gateways.md with a real one: devices log in with a token as the
 * password, by AMQP and by MQTT, and may do what its scopes allow.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { AmqpRefusal, HUNG_UP, openAmqp } from './support/amqp.ts'
import { type Connection, openConnection } from './support/connection.ts'
import { FORGERIES, type Genuine } from './support/forged-tokens.ts'
import { publishByMqtt } from './support/mqtt.ts'
import { type RunningRabbit, rabbitIsInstalled, startRabbit } from './support/rabbitmq.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { type TlsFiles, writeIssuedTlsFiles } from './support/tls-files.ts'
import { accessToken, createClient } from './support/token-requests.ts'

/** As in the document. */
const AUDIENCE = 'mq.fleet.example'
const EXCHANGE = 'amq.topic'
const TOPIC = 'telemetry/truck-1'
const KEY = 'telemetry.truck-1'
const LIFETIME_SECONDS = 3600
const CLOCK_BEHIND = `const now=Date.now;Date.now=()=>now()-${2 * LIFETIME_SECONDS * 1000}`
/** The same bytes: its base64url decoder ignores unused bits and padding. */
const TOLERATED = ['the same signature written another way', 'a token with base64 padding']
const LOGIN_REFUSED = /^403 ACCESS_REFUSED - Login was refused/

const skip =
  !rabbitIsInstalled &&
  'NOT TESTED: RabbitMQ is not installed (apt-get install --no-install-recommends rabbitmq-server)'

describe('the recipe for RabbitMQ', { skip, timeout: 180_000 }, () => {
  let tls: TlsFiles
  let server: RunningServer
  /** With TLS, as RabbitMQ demands of the JWK Set, and a clock that issues expired tokens. */
  let late: RunningServer
  let toServer: Connection
  let rabbit: RunningRabbit
  let client: Credentials
  let genuine: Genuine

  before(async () => {
    tls = writeIssuedTlsFiles()
    server = await startServer()
    toServer = openConnection(server.url)
    const scopes = ['--scope', 'fleet:publish', '--scope', 'fleet:consume', '--scope', 'fleet:see']
    const lifetime = ['--token-lifetime', String(LIFETIME_SECONDS)]
    await server.miot(['audiences', 'create', AUDIENCE, ...scopes, ...lifetime])
    client = await createClient(server, '--audience', AUDIENCE)
    late = await startServer({
      ...tls.settings,
      MIOT_DATA_DIR: server.dataDir,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CLOCK_BEHIND)}`,
    })
    const authority = join(tls.folder, 'authority.pem')
    writeFileSync(authority, tls.cert)
    rabbit = await startRabbit(late.url, authority)
    const jwks = await toServer.send({ method: 'GET', path: '/.well-known/jwks.json' })
    const [jwk] = jwks.json().keys as Genuine['jwk'][]
    genuine = { token: await accessToken(toServer, client), jwk: jwk as Genuine['jwk'] }
  })
  after(async () => {
    await rabbit?.stop()
    toServer?.close()
    await late?.stop()
    await server?.stop()
    tls?.[Symbol.dispose]()
  })

  const amqp = (token: string) => openAmqp(rabbit.amqpPort, client.client_id, token)
  const mqtt = (token: string, topic: string) =>
    publishByMqtt(rabbit.mqttPort, client.client_id, token, topic)
  const tokenFor = (scope: string) => accessToken(toServer, client, { scope })

  async function expiredToken(): Promise<string> {
    setDefaultCACertificates([...getCACertificates('default'), tls.cert])
    const headers = { 'content-type': 'application/json' }
    const login = { method: 'POST', headers, body: JSON.stringify(client) }
    const answer = await fetch(`${late.url}/api/v1/login`, login)
    assert.equal(answer.status, 200)
    return ((await answer.json()) as { access_token: string }).access_token
  }

  async function assertLoginRefused(token: string, what: string): Promise<void> {
    const refused = (error: unknown) =>
      error instanceof AmqpRefusal &&
      (error.message === HUNG_UP || LOGIN_REFUSED.test(error.message))
    await assert.rejects(async () => (await amqp(token)).close(), refused, `AMQP: ${what}`)
    assert.equal(await mqtt(token, TOPIC), 'refused', `MQTT: ${what}`)
  }

  it('carries what a device publishes, by MQTT and by AMQP, to a consumer', async () => {
    const consumer = await amqp(await tokenFor('fleet:consume'))
    await consumer.bind('telemetry', EXCHANGE, 'telemetry.#')
    const publisher = await tokenFor('fleet:publish')
    assert.equal(await mqtt(publisher, TOPIC), 'acknowledged')
    assert.equal(await consumer.take('telemetry'), KEY)
    const device = await amqp(publisher)
    await device.publish(EXCHANGE, KEY)
    assert.equal(await consumer.take('telemetry'), KEY)
    assert.equal(await consumer.take('telemetry'), null)
    device.close()
    consumer.close()
  })

  it('refuses other topics, and what the scope does not allow', async () => {
    const publisher = await tokenFor('fleet:publish')
    assert.equal(await mqtt(publisher, 'commands/truck-1'), 'closed')
    const device = await amqp(publisher)
    await assert.rejects(device.publish(EXCHANGE, 'commands.truck-1'), /403 ACCESS_REFUSED/)
    device.close()
    const reader = await amqp(publisher)
    await assert.rejects(reader.bind('telemetry', EXCHANGE, 'telemetry.#'), /403 ACCESS_REFUSED/)
    reader.close()
    const consumer = await tokenFor('fleet:consume')
    assert.equal(await mqtt(consumer, TOPIC), 'closed')
    // A scope without permissions in RabbitMQ opens no virtual host.
    await assert.rejects(amqp(await tokenFor('fleet:see')), AmqpRefusal)
    assert.equal(await mqtt(await tokenFor('fleet:see'), TOPIC), 'refused')
  })

  it('refuses tokens for another audience, and expired ones', async () => {
    // With the same scopes, so that only the audience can be the reason.
    await server.miot(['audiences', 'create', 'other.example', '--scope', 'fleet:publish'])
    const other = await createClient(server, '--audience', 'other.example')
    await assertLoginRefused(await accessToken(toServer, other), 'another audience')
    setDefaultCACertificates([...getCACertificates('default'), tls.cert])
    await assertLoginRefused(await expiredToken(), 'expired')
  })

  it('refuses every forgery, and a name with a password', async () => {
    for (const { what, forge } of FORGERIES) {
      if (!TOLERATED.includes(what)) await assertLoginRefused(await forge(genuine), what)
    }
    await assertLoginRefused('guest', 'a password')
    await assertLoginRefused('', 'no token')
  })
})
