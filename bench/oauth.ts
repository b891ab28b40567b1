/**
 * What a cached token costs a request, and a verified token an API.
 *
 * Both are lookups in memory, so the limit is a bare one: an awaited function with only a
 * `Map.get`. The two run in turn, so that other load on the machine affects both alike. An API
 * receives its header as a new string with each request, and a map has to hash new strings; both
 * cases are measured.
 */

import { TokenSource } from '@modulariot/oauth/client'
import {
  createVerifier,
  findVerificationKey,
  RevocationList,
} from '@modulariot/oauth/resource-server'
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair } from 'jose'

const TOKENS = 1_000
const CALLS_PER_ROUND = 200_000
const ROUNDS = 7
const ISSUER = 'https://auth.example'
const AUDIENCE = 'https://api.example/v1/asset/track'

type Call = (turn: number) => Promise<unknown>

export async function oauth(): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const headers = await makeHeaders(privateKey)
  const verify = await verifyCalls(headers, publicKey)
  const bytes = headers.map((header) => Buffer.from(header))
  const text = (turn: number) => (bytes[turn % TOKENS] as Buffer).toString('latin1')
  const bare = new Map(headers.map((header) => [header, { header }]))
  const tokens = await tokenCalls()
  const one = new Map([['token', headers[0]]])
  const pairs: Readonly<Record<string, readonly [us: Call, limit: Call]>> = {
    'token(), cached': [tokens, async () => one.get('token')],
    'verify(), seen before, same text': [
      (turn) => verify(headers[turn % TOKENS] as string),
      async (turn) => bare.get(headers[turn % TOKENS] as string),
    ],
    'verify(), seen before, new text': [
      (turn) => verify(text(turn)),
      async (turn) => bare.get(text(turn)),
    ],
  }
  const rows = []
  for (const [what, [us, limit]] of Object.entries(pairs)) rows.push(await compare(what, us, limit))
  console.table(rows)
}

/** The best of several rounds each: disturbances only make a round slower. */
async function compare(what: string, us: Call, limit: Call) {
  let [ours, bare] = [0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    bare = Math.max(bare, await callsPerSecond(limit))
    ours = Math.max(ours, await callsPerSecond(us))
  }
  const ratio = (ours / bare).toFixed(2)
  return { what, 'a second': Math.round(ours), 'bare Map lookup': Math.round(bare), ratio }
}

async function callsPerSecond(call: Call): Promise<number> {
  const started = performance.now()
  for (let turn = 0; turn < CALLS_PER_ROUND; turn++) await call(turn)
  return (CALLS_PER_ROUND / (performance.now() - started)) * 1000
}

async function tokenCalls(): Promise<Call> {
  const answer = { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 86_400 }
  const source = new TokenSource({
    token_endpoint: `${ISSUER}/oauth2/token`,
    client_id: 'client-1',
    client_secret: 'secret',
    audience: AUDIENCE,
    fetch: async () => Response.json(answer),
  })
  await source.token()
  return () => source.token()
}

async function makeHeaders(privateKey: CryptoKey): Promise<string[]> {
  const iat = Math.floor(Date.now() / 1000)
  const sign = (turn: number) => {
    const claims = {
      iss: ISSUER,
      sub: `client-${turn}`,
      aud: AUDIENCE,
      exp: iat + 86_400,
      iat,
      jti: crypto.randomUUID(),
      client_id: `client-${turn}`,
      azp: `client-${turn}`,
      scope: 'asset:track:write asset:track:read',
      org_id: 'org-1',
      environment: 'production',
    }
    return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
      .sign(privateKey)
  }
  return Promise.all(
    Array.from({ length: TOKENS }, async (_, turn) => `Bearer ${await sign(turn)}`),
  )
}

/** Checks a scope and revocations, as an API does. */
async function verifyCalls(
  headers: readonly string[],
  publicKey: CryptoKey,
): Promise<(header: string) => Promise<unknown>> {
  const set = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }
  const revocations = new RevocationList()
  const expires = Math.floor(Date.now() / 1000) + 86_400
  for (let turn = 0; turn < 1000; turn++) {
    revocations.add([{ kind: 'token', jti: crypto.randomUUID(), expires }])
  }
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: { find: (header) => findVerificationKey(set, header) },
    revocations,
  })
  const required = { scope: 'asset:track:write' }
  const verify = (header: string) => verifier.verify(header, required)
  for (const header of headers) await verify(header)
  return verify
}
