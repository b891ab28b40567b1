/**
 * Persons administer with a session: what other sites can make their browsers do, and that a role
 * counts when it is used, no matter which instance takes it away.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { type Connection, openConnection } from './support/connection.ts'
import { holdBack } from './support/held-request.ts'
import { type Person, personOf, signUp } from './support/person.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { get, report, track } from './support/track-requests.ts'

/** The instance with the held request, and the one that takes access away. */
interface Place {
  readonly held: RunningServer
  readonly cutting: RunningServer
  readonly connection: Connection
  readonly owner: Person
}

let postgres: TestPostgres
const servers: RunningServer[] = []
const connections: Connection[] = []
const places = new Map<string, Place>()

before(async () => {
  postgres = await startPostgres()
  const sqlite = await start({})
  const MIOT_DATABASE_URL = await postgres.createDatabase()
  const first = await start({ MIOT_DATABASE_URL })
  const joined = { MIOT_DATA_DIR: first.dataDir, MIOT_ISSUER: first.url }
  const second = await start({ MIOT_DATABASE_URL, ...joined })
  for (const [name, held, cutting] of [
    [PLACES[0], sqlite, sqlite],
    [PLACES[1], second, first],
  ] as const) {
    const connection = openConnection(cutting.url, 4)
    connections.push(connection)
    const owner = await signUp(cutting, connection, { email: 'owner@example.com' })
    places.set(name, { held, cutting, connection, owner })
  }
})
after(async () => {
  for (const connection of connections) connection.close()
  for (const server of servers) await server.stop()
  await postgres.stop()
})

/** Stopped at the end even if another does not start; the last one first. */
async function start(settings: Record<string, string>): Promise<RunningServer> {
  const server = await startServer(settings)
  servers.unshift(server)
  return server
}

const PLACES = ['one instance on SQLite', 'two instances on PostgreSQL'] as const
const placeOf = (name: string): Place => places.get(name) as Place
const ADMIN = '/admin/v1'
const NEW_CLIENT = { name: 'x', grants: [{ audience: 'https://iot.streamhub.cl/v1/asset/track' }] }

/** The feed reaches the API within a second. */
async function untilRefused(connection: Connection, token: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while ((await get(connection, token, '/v1/assets')).status !== 401) {
    assert.ok(Date.now() < deadline, 'the token is still valid')
    await sleep(20)
  }
}

let count = 0

/** A person that signed up with the link of an invitation. */
async function invited({ owner, cutting, connection }: Place, role: string): Promise<Person> {
  const email = `p${++count}@example.com`
  const made = await owner.send('POST', `${ADMIN}/invitations`, { email, role })
  assert.equal(made.status, 201, made.text)
  const invitation = new URL(made.json().link as string).hash.slice(1)
  return signUp(cutting, connection, { email, invitation })
}

async function trailLength({ owner }: Place): Promise<number> {
  const { text } = await owner.send('GET', `${ADMIN}/audit?limit=1`)
  return JSON.parse(text).entries[0].seq
}

for (const name of PLACES) {
  describe(`a person with a session (${name})`, () => {
    it('owns the organization of the first start, and is named in the trail', async () => {
      const { owner } = placeOf(name)
      const made = await owner.send('POST', `${ADMIN}/clients`, NEW_CLIENT)
      assert.equal(made.status, 201, made.text)
      const listed = await owner.send('GET', `${ADMIN}/clients?search=My+first`)
      assert.equal(listed.status, 200)
      const audit = await owner.send('GET', `${ADMIN}/audit?limit=1`)
      const [{ actor }] = JSON.parse(audit.text).entries
      const { person_id } = owner
      assert.deepEqual(actor, { kind: 'person', person_id, email: 'owner@example.com' })
    })

    it('does nothing at the request of another site', async () => {
      const place = placeOf(name)
      const length = await trailLength(place)
      const foreign = [
        { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
        { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' },
        { 'sec-fetch-site': 'cross-site', origin: place.cutting.url },
        { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
        { 'sec-fetch-site': '', origin: 'null' },
        { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' },
      ]
      for (const headers of foreign) {
        const answer = await place.owner.send('POST', `${ADMIN}/clients`, NEW_CLIENT, headers)
        assert.equal(answer.status, 403, JSON.stringify(headers))
        assert.equal(answer.json().type, 'urn:modulariot:problem:cross_site')
        assert.equal(answer.headers['access-control-allow-origin'], undefined)
      }
      assert.equal(await trailLength(place), length)
    })

    it('has its role in the environment that it names, and nothing elsewhere', async () => {
      const place = placeOf(name)
      const developer = await invited(place, 'developer')
      const production = { 'miot-environment': 'production' }
      const read = (headers: Record<string, string>) =>
        developer.send('GET', `${ADMIN}/clients`, undefined, headers)
      assert.equal((await read({})).status, 200)
      assert.equal((await read(production)).status, 403)
      assert.equal((await read({ 'miot-organization': 'org_other' })).status, 403)
      const made = await developer.send('POST', `${ADMIN}/clients`, NEW_CLIENT, production)
      assert.equal(made.status, 403)
    })

    /** Takes a person's access away, on the other instance. */
    const CUTS: Readonly<Record<string, (place: Place, person: Person) => Promise<number>>> = {
      'its role': async ({ owner }, { person_id }) =>
        (await owner.send('PATCH', `${ADMIN}/members/${person_id}`, { role: 'viewer' })).status,
      'its membership': async ({ owner }, { person_id }) =>
        (await owner.send('DELETE', `${ADMIN}/members/${person_id}`)).status,
      'its session': async (_place, person) =>
        (await person.send('POST', '/people/v1/sign-out', {})).status,
    }
    for (const [what, cut] of Object.entries(CUTS)) {
      it(`changes nothing once it has lost ${what} while its body arrives`, async () => {
        const place = placeOf(name)
        const person = await invited(place, 'admin')
        const body = JSON.stringify(NEW_CLIENT)
        const held = await holdBack(place.held.url, null, {
          ...{ method: 'POST', path: `${ADMIN}/clients`, body },
          headers: { cookie: person.cookie, 'sec-fetch-site': 'same-origin' },
        })
        assert.equal(await cut(place, person), 200)
        const length = await trailLength(place)
        const { status, text } = await held.finish()
        assert.ok([401, 403].includes(status), text)
        assert.equal(await trailLength(place), length)
      })
    }

    it('reads telemetry with a token of minutes, which ends with its role', async () => {
      const place = placeOf(name)
      const person = await invited(place, 'admin')
      const minted = await person.send('POST', `${ADMIN}/telemetry-tokens`)
      assert.equal(minted.status, 201, minted.text)
      const token = minted.json().access_token as string
      const { connection } = place
      assert.equal((await get(connection, token, '/v1/assets')).status, 200)
      assert.equal((await track(connection, token, report('TRUCK-1'))).status, 403)
      assert.equal((await person.send('DELETE', '/people/v1/sessions')).status, 200)
      await untilRefused(connection, token)
      const next = async (): Promise<string> => {
        const { access_token } = (await person.send('POST', `${ADMIN}/telemetry-tokens`)).json()
        assert.equal((await get(connection, access_token as string, '/v1/assets')).status, 200)
        return access_token as string
      }
      const later = await next()
      // By the operator, from a process of its own.
      const given = await place.cutting.miot(['people', 'role', person.person_id, 'developer'])
      assert.equal(given.status, 0, given.stderr)
      await untilRefused(connection, later)
      const last = await next()
      const path = `${ADMIN}/members/${person.person_id}`
      assert.equal((await place.owner.send('DELETE', path)).status, 200)
      await untilRefused(connection, last)
    })

    it('erases an asset with a token for that alone, and is named in the trail', async () => {
      const place = placeOf(name)
      const { connection, cutting } = place
      const admin = await invited(place, 'admin')
      const mint = async ({ send }: Person, path: string): Promise<string> => {
        const minted = await send('POST', `${ADMIN}/${path}`)
        assert.equal(minted.status, 201, minted.text)
        return minted.json().access_token as string
      }
      const reading = await mint(admin, 'telemetry-tokens')
      const erasing = await mint(admin, 'erasure-tokens')
      const path = '/v1/assets/GOES-1'
      const erase = (token: string) =>
        connection.send({ method: 'DELETE', path, headers: { authorization: `Bearer ${token}` } })
      const reports = await accessToken(connection, cutting.credentials)
      assert.equal((await track(connection, reports, report('GOES-1'))).status, 200)
      // 1. Not by a token that reads, nor by a role that may not.
      assert.equal((await erase(reading)).status, 403)
      assert.equal((await get(connection, erasing, path)).status, 403)
      const developer = await invited(place, 'developer')
      assert.equal((await developer.send('POST', `${ADMIN}/erasure-tokens`)).status, 403)
      const late = await mint(admin, 'erasure-tokens')
      const erased = await erase(erasing)
      assert.equal(erased.status, 200, erased.text)
      assert.equal((await get(connection, reading, path)).status, 404)
      const audit = await place.owner.send('GET', `${ADMIN}/audit?target=GOES-1`)
      const [entry, ...rest] = JSON.parse(audit.text).entries
      const email = `p${count - 1}@example.com`
      assert.deepEqual(
        [entry.action, entry.actor, entry.environment, rest],
        ['asset.erased', { kind: 'person', person_id: admin.person_id, email }, 'development', []],
      )
      // 2. With the role, the token is gone.
      assert.equal((await track(connection, reports, report('GOES-1'))).status, 200)
      const member = `${ADMIN}/members/${admin.person_id}`
      assert.equal((await place.owner.send('PATCH', member, { role: 'viewer' })).status, 200)
      assert.equal((await erase(late)).status, 401)
    })

    it('keeps one owner when two leave at once, each at its instance', async () => {
      const place = placeOf(name)
      const other = await invited(place, 'owner')
      const connection = openConnection(place.held.url)
      connections.push(connection)
      const at = personOf(place.cutting.url, connection, other.cookie)
      const [one, two] = await Promise.all([
        place.owner.send('DELETE', `${ADMIN}/members/${place.owner.person_id}`),
        at('DELETE', `${ADMIN}/members/${other.person_id}`),
      ])
      assert.deepEqual([one.status, two.status].sort(), [200, 409], one.text + two.text)
    })
  })
}
