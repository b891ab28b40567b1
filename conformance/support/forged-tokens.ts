/**
 * Tokens that must be refused, built from a valid one and from what the server publishes. A new
 * forgery is a new row.
 */

import { createHmac, createPublicKey, generateKeyPairSync, type webcrypto } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, SignJWT } from 'jose'

export interface Genuine {
  readonly token: string
  /** The published key that verifies it. */
  readonly jwk: webcrypto.JsonWebKey
}

export interface Forgery {
  /** Completes the sentence "refuses …". */
  readonly what: string
  readonly forge: (genuine: Genuine) => string | Promise<string>
}

export const FORGERIES: readonly Forgery[] = [
  {
    what: 'alg none without a signature',
    forge: ({ token }) => `${withHeader(token, { alg: 'none' })}.`,
  },
  {
    what: 'alg None with the old signature',
    forge: ({ token }) => `${withHeader(token, { alg: 'None' })}.${part(token, 2)}`,
  },
  {
    what: 'HS256 keyed with our public key as PEM',
    forge: ({ token, jwk }) => {
      const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({
        type: 'spki',
        format: 'pem',
      })
      return hs256(token, pem)
    },
  },
  {
    what: 'HS256 keyed with our public key as DER',
    forge: ({ token, jwk }) => {
      const der = createPublicKey({ key: jwk, format: 'jwk' }).export({
        type: 'spki',
        format: 'der',
      })
      return hs256(token, der)
    },
  },
  {
    what: 'HS256 keyed with the text of our JWK',
    forge: ({ token, jwk }) => hs256(token, JSON.stringify(jwk)),
  },
  { what: 'HS256 keyed with nothing', forge: ({ token }) => hs256(token, '') },
  {
    what: 'a token signed by another key under our kid',
    forge: ({ token }) => resigned(token, {}),
  },
  {
    what: 'a token signed by an unpublished key',
    forge: ({ token }) => resigned(token, { kid: 'unknown' }),
  },
  {
    what: 'a token that brings its own key',
    forge: ({ token }) => resigned(token, { jwk: STRANGER.publicJwk }),
  },
  {
    what: 'a token that says where its key is',
    forge: ({ token }) => resigned(token, { jku: 'http://localhost:1/jwks.json' }),
  },
  {
    what: 'a token whose kid is a path',
    forge: ({ token }) => resigned(token, { kid: '../../dev/null' }),
  },
  {
    what: 'an altered payload',
    forge: ({ token }) => {
      const payload = encode({ ...decodeJwt(token), environment: 'production' })
      return [part(token, 0), payload, part(token, 2)].join('.')
    },
  },
  {
    what: 'an altered header',
    forge: ({ token }) => `${withHeader(token, { extra: true })}.${part(token, 2)}`,
  },
  {
    what: 'one flipped bit in the signature',
    forge: ({ token }) => {
      const signature = Buffer.from(part(token, 2), 'base64url')
      signature.writeUInt8(signature.readUInt8(10) ^ 1, 10)
      return [part(token, 0), part(token, 1), signature.toString('base64url')].join('.')
    },
  },
  {
    what: 'a signature cut short',
    forge: ({ token }) => token.slice(0, -4),
  },
  { what: 'a token without its signature', forge: ({ token }) => token.replace(/\.[^.]*$/, '.') },
  {
    what: 'the same signature written another way',
    forge: ({ token }) => token.slice(0, -1) + sameBits(token.at(-1) as string),
  },
  { what: 'a token with base64 padding', forge: ({ token }) => `${token}==` },
  { what: 'two segments', forge: ({ token }) => token.replace(/\.[^.]*$/, '') },
  { what: 'four segments', forge: ({ token }) => `${token}.a` },
  { what: 'five segments', forge: ({ token }) => `${token}.YQ.YQ` },
  { what: 'no token but text', forge: () => 'abc' },
  { what: 'empty segments', forge: () => '..' },
  { what: 'a token of 10 kB', forge: ({ token }) => token + 'A'.repeat(9_000) },
]

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const STRANGER = { ...stranger, publicJwk: stranger.publicKey.export({ format: 'jwk' }) }

function part(token: string, index: number): string {
  return token.split('.')[index] as string
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The signing input, with another header. */
function withHeader(token: string, more: object): string {
  return `${encode({ ...decodeProtectedHeader(token), ...more })}.${part(token, 1)}`
}

/**
 * The attack of RFC 8725 §2.1: a verifier that trusts the token's algorithm uses the public key as
 * a secret.
 */
function hs256(token: string, key: string | Buffer): string {
  const input = withHeader(token, { alg: 'HS256' })
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

export function resigned(token: string, more: object): Promise<string> {
  const header = { ...decodeProtectedHeader(token), ...more } as JWTHeaderParameters
  return new SignJWT(decodeJwt(token)).setProtectedHeader(header).sign(STRANGER.privateKey)
}

/**
 * Another last character, which decodes to the same bytes for a decoder that ignores unused bits.
 */
function sameBits(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) ^ 1] as string
}
