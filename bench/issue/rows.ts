/** The measured kinds of requests, one per row, with the work that each cannot avoid. */

import type { KeyObject } from 'node:crypto'
import type { Load } from '../support/load.ts'
import type { Operation } from './bare-crypto.ts'
import {
  AUDIENCES,
  type BenchClient,
  type MeasuredAlgorithm,
  signedProof,
  type Target,
  tokenRequest,
} from './clients.ts'

export interface Row {
  readonly name: string
  readonly alg: MeasuredAlgorithm
  readonly proof: 'secret' | 'wrong secret' | 'assertion'
  readonly status: number
}

export const ROWS: readonly Row[] = [
  { name: 'RS256', alg: 'RS256', proof: 'secret', status: 200 },
  { name: 'ES256', alg: 'ES256', proof: 'secret', status: 200 },
  { name: 'EdDSA', alg: 'EdDSA', proof: 'secret', status: 200 },
  { name: 'private_key_jwt', alg: 'RS256', proof: 'assertion', status: 200 },
  { name: 'refused', alg: 'RS256', proof: 'wrong secret', status: 401 },
]

/** Fewer than the failures an address may have at once (LOGIN_POLICIES). */
const FAILURES_PER_ADDRESS = 500

export async function loadOf(
  row: Row,
  target: Target,
  clients: readonly BenchClient[],
  key: KeyObject,
  /** How many requests may be needed; called only if each is valid once. */
  atMost: number,
): Promise<Omit<Load, 'port' | 'seconds'>> {
  const once = row.proof === 'assertion'
  const refused = row.proof === 'wrong secret'
  const proofs = once
    ? await Promise.all(signedProofs(clients, target.issuer, key, atMost))
    : secretProofs(clients, refused ? 1 : 0)
  return {
    requests: proofs.map((proof) => tokenRequest(target, proof, AUDIENCES[row.alg])),
    once,
    status: row.status,
    requestsPerAddress: refused ? FAILURES_PER_ADDRESS : null,
  }
}

/** @param shift 0: each client's own secret; 1: the secret of the next client. */
function secretProofs(clients: readonly BenchClient[], shift: number): object[] {
  const own = clients.filter(({ client_secret }) => client_secret !== null)
  return own.map(({ client_id }, index) => {
    const { client_secret } = own[(index + shift) % own.length] as BenchClient
    return { client_id, client_secret }
  })
}

function signedProofs(
  clients: readonly BenchClient[],
  issuer: string,
  key: KeyObject,
  count: number,
): Promise<object>[] {
  const signing = clients.filter(({ client_secret }) => client_secret === null)
  return Array.from({ length: count }, (_, index) => {
    const { client_id } = signing[index % signing.length] as BenchClient
    return signedProof(client_id, issuer, key)
  })
}

/** @param sample a response to a request of this row; as many bytes as in its token are signed. */
export function operationsOf({ alg, proof, status }: Row, sample: string): Operation[] {
  if (status !== 200) return []
  const token = /"access_token":"([^"]+)"/.exec(sample)?.[1] ?? ''
  const bytes = token.lastIndexOf('.')
  const signing = { does: 'sign', alg, bytes } as const
  return proof === 'assertion' ? [{ does: 'verify', alg: 'ES256', bytes: 300 }, signing] : [signing]
}

/** @throws Error unless the response holds a JWT of the row's algorithm; a refusal holds none. */
export function assertRightAnswer({ alg, status, name }: Row, who: string, sample: string): void {
  if (status !== 200) return
  const [header = ''] = /"access_token":"([^"]+)"/.exec(sample)?.[1]?.split('.') ?? []
  const said = header === '' ? null : JSON.parse(Buffer.from(header, 'base64url').toString()).alg
  if (said !== alg) throw new Error(`${name}: ${who} answers with ${said}, not ${alg}`)
}
