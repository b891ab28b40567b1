/**
 * A checkpoint: the `seq` and hash of the last row of the trail, signed. An attacker who rewrites
 * the whole database can recompute the chain, but not the checkpoints that were made before.
 *
 * The key is Ed25519 (RFC 8037), derived from the installation's encryption key: it is not in the
 * database, and outsiders verify with the public key. jose signs and verifies.
 */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { CompactSign } from 'jose/jws/compact/sign'
import { compactVerify } from 'jose/jws/compact/verify'
import { type FormerKey, formerKeys, signVoucher } from './former-keys.ts'
import type { AuditHead } from './verify.ts'

export interface Checkpoint extends AuditHead {
  /** The issuer whose trail it is. */
  readonly iss: string
  /** When it was signed, ISO 8601. */
  readonly at: string
  /** The oldest row in the trail at that time. */
  readonly first_seq: number
}

export interface SignedCheckpoint extends Checkpoint {
  readonly kid: string
  /** Compact JWS (RFC 7515) of the members of `Checkpoint`. */
  readonly checkpoint: string
}

/**
 * `head` states where the trail ended, `base` which rows retention has cut. They have different
 * `typ`s, so that a checkpoint, which is published, cannot be put into the database to excuse
 * removed rows.
 */
export type CheckpointKind = 'head' | 'base'

const TYPES = {
  head: 'modulariot-audit-checkpoint',
  base: 'modulariot-audit-base',
} as const satisfies Record<CheckpointKind, string>

export interface CheckpointSigner {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly publicKey: JWK
  sign(kind: CheckpointKind, place: Omit<Checkpoint, 'iss'>): Promise<SignedCheckpoint>
  /**
   * For a `head`, also accepts the former keys of the installation, for rows from before they were
   * replaced. A `base` is signed anew when the key changes.
   *
   * @throws CheckpointRefused
   */
  verify(kind: CheckpointKind, checkpoint: string): Promise<Checkpoint>
  /**
   * States that `key` signed checkpoints of this installation before.
   *
   * @param last_seq the newest row that it may have signed.
   */
  vouchFor(key: JWK, last_seq: number): Promise<string>
}

/** The message states what is wrong with the checkpoint, and continues "the checkpoint ". */
export class CheckpointRefused extends Error {
  override readonly name = 'CheckpointRefused'
}

/** The DER of a PKCS #8 Ed25519 private key (RFC 8410 §7) up to the 32 bytes of the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * @param seed 32 bytes, from `deriveInstallationKeys`.
 * @param iss the issuer to name in each checkpoint.
 * @param vouchers for the keys before this one.
 */
export async function createCheckpointSigner(
  seed: Uint8Array,
  iss: string,
  vouchers: readonly string[] = [],
): Promise<CheckpointSigner> {
  const key = Buffer.concat([PKCS8_PREFIX, seed])
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const publicKeyObject = createPublicKey(privateKey)
  const { kty, crv, x } = publicKeyObject.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint({ kty, crv, x } as JWK)
  const former = await formerKeys({ kid, publicKey: publicKeyObject }, vouchers)
  return {
    kid,
    publicKey: { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' } as JWK,
    sign: async (kind, { at, seq, hash, first_seq }) => {
      const claims: Checkpoint = { iss, at, seq, hash, first_seq }
      const checkpoint = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPES[kind], kid })
        .sign(privateKey)
      return { ...claims, kid, checkpoint }
    },
    verify: async (kind, checkpoint) => {
      const claims = decodeCheckpoint(kind, checkpoint)
      const named = String(decodeProtectedHeader(checkpoint).kid)
      const others = kind === 'head' ? former : NONE
      const key = named === kid ? publicKeyObject : formerKeyFor(claims, named, others)
      if (key === null) {
        throw new CheckpointRefused(
          `comes from another installation: ${claims.iss}, key ${named.slice(0, 50)}; this one's key is ${kid}`,
        )
      }
      await compactVerify(checkpoint, key, { algorithms: ['EdDSA'] }).catch(() => {
        throw new CheckpointRefused('was altered: its signature does not verify')
      })
      return claims
    },
    vouchFor: (key, last_seq) => signVoucher({ iss, last_seq, key }, kid, privateKey),
  }
}

const NONE: ReadonlyMap<string, FormerKey> = new Map()

/** Null: it is none of ours. */
function formerKeyFor(
  { seq }: Checkpoint,
  kid: string,
  former: ReadonlyMap<string, FormerKey>,
): KeyObject | null {
  const key = former.get(kid)
  if (key === undefined) return null
  if (seq > key.lastSeq) {
    throw new CheckpointRefused(
      `is of row ${seq}, but its key ${kid} was replaced after row ${key.lastSeq}`,
    )
  }
  return key.publicKey
}

/** Three short segments. Ours have some 400 characters in all. */
const COMPACT_JWS = /^[\w-]{1,500}\.[\w-]{1,2000}\.[\w-]{1,200}$/

/**
 * The content of a checkpoint, without verifying its signature.
 *
 * @throws CheckpointRefused for other text, or a checkpoint of the other kind.
 */
export function decodeCheckpoint(kind: CheckpointKind, checkpoint: string): Checkpoint {
  const decoded = COMPACT_JWS.test(checkpoint) ? decode(checkpoint) : null
  if (decoded?.typ !== TYPES[kind] || !isCheckpoint(decoded.claims)) {
    throw new CheckpointRefused(`is not a JWS of the type ${TYPES[kind]}`)
  }
  const { iss, at, seq, hash, first_seq } = decoded.claims
  return { iss, at, seq, hash, first_seq }
}

function decode(checkpoint: string): { typ: unknown; claims: unknown } | null {
  try {
    const { typ } = decodeProtectedHeader(checkpoint)
    const payload = Buffer.from(checkpoint.split('.')[1] as string, 'base64url').toString()
    return { typ, claims: JSON.parse(payload) }
  } catch {
    return null
  }
}

function isCheckpoint(value: unknown): value is Checkpoint {
  const { iss, at, seq, hash, first_seq } = (value ?? {}) as Partial<Record<string, unknown>>
  return (
    typeof iss === 'string' &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    [seq, first_seq].every((count) => Number.isSafeInteger(count) && Number(count) >= 0)
  )
}
