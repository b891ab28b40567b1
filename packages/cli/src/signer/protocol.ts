/**
 * The lines that `miot` and an external signer exchange: one JSON object each, in UTF-8. Pure.
 *
 * docs/signer-protocol.md is for authors of signers. Answers may come in any order.
 */

import type { CreatedKey } from '@modulariot/auth'

export const PROTOCOL = 1

/** Of an answer. The longest has an RSA key, and less than 2 KiB. */
export const MAX_LINE_CHARACTERS = 16_384

export type Call =
  | { readonly op: 'hello'; readonly protocol: typeof PROTOCOL }
  | { readonly op: 'create'; readonly alg: string }
  | {
      readonly op: 'sign'
      readonly reference: string
      readonly alg: string
      /** base64url. */
      readonly input: string
    }
  | { readonly op: 'destroy'; readonly reference: string }

export type Members = Readonly<Record<string, unknown>>

export interface Answer {
  readonly id: number
  readonly members: Members
}

export const lineOf = (id: number, call: Call): string => `${JSON.stringify({ id, ...call })}\n`

/** @throws Error whose message continues "the signer ". */
export function parseAnswer(line: string): Answer {
  let members: unknown
  try {
    members = JSON.parse(line)
  } catch {
    throw new Error('printed a line that is not JSON')
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    throw new Error('printed a line that is not a JSON object')
  }
  const { id } = members as { id?: unknown }
  if (typeof id !== 'number') throw new Error('printed an answer without an id')
  return { id, members: members as Members }
}

/** The message of an answer that is a refusal, on one line; null: it is none. */
export function refusalIn({ error }: Members): string | null {
  if (error === undefined) return null
  return String(error).replace(/\s+/g, ' ').trim().slice(0, 300)
}

/** The algorithms of the answer to `hello`. @throws Error, as the functions below. */
export function algorithmsIn({ protocol, algorithms }: Members): string[] {
  if (protocol !== PROTOCOL) {
    throw new Error(`speaks protocol ${JSON.stringify(protocol)}, and this program ${PROTOCOL}`)
  }
  const isList = Array.isArray(algorithms) && algorithms.every((alg) => typeof alg === 'string')
  if (!isList) throw new Error('answered hello without a list of algorithms')
  return algorithms
}

export function createdKeyIn({ reference, public_jwk }: Members): CreatedKey {
  const isReference = typeof reference === 'string' && /^[^\p{Cc}]{1,500}$/u.test(reference)
  if (!isReference || typeof public_jwk !== 'object' || public_jwk === null) {
    throw new Error('answered create without a reference of 1 to 500 characters and a public_jwk')
  }
  return { reference, public_jwk: public_jwk as CreatedKey['public_jwk'] }
}

export function signatureIn({ signature }: Members): Buffer {
  if (typeof signature !== 'string' || !/^[\w-]{1,1400}$/.test(signature)) {
    throw new Error('answered sign without a signature in base64url')
  }
  return Buffer.from(signature, 'base64url')
}
