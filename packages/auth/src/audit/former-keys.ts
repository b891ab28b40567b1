/**
 * Vouchers: statements by the key that signs checkpoints for the keys that signed them before, so
 * that old checkpoints stay evidence after the encryption key was changed.
 *
 * A former key may be known to an attacker: that is a reason to change it. So it counts only for
 * rows of the trail from before the change, and only what is older can be vouched for by it.
 */

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { CompactSign } from 'jose/jws/compact/sign'
import { compactVerify } from 'jose/jws/compact/verify'

export interface FormerKey {
  readonly publicKey: KeyObject
  /** The newest row of the trail that it may have signed. */
  readonly lastSeq: number
}

interface Voucher {
  /** The issuer whose trail it is. */
  readonly iss: string
  readonly last_seq: number
  readonly key: JWK
}

const TYPE = 'modulariot-audit-former-key'

export function signVoucher(voucher: Voucher, kid: string, privateKey: KeyObject): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(voucher)))
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid })
    .sign(privateKey)
}

/**
 * The former keys that the present one vouches for, itself or through another former key, by
 * `kid`. Vouchers of other keys do not count.
 */
export async function formerKeys(
  present: { readonly kid: string; readonly publicKey: KeyObject },
  vouchers: readonly string[],
): Promise<ReadonlyMap<string, FormerKey>> {
  const former = new Map<string, FormerKey>()
  const trusted = [{ publicKey: present.publicKey, lastSeq: Number.MAX_SAFE_INTEGER }]
  for (const by of trusted) {
    for (const voucher of vouchers) {
      const found = await vouchedFor(voucher, by)
      if (found === null || found.kid === present.kid || former.has(found.kid)) continue
      former.set(found.kid, found)
      trusted.push(found)
    }
  }
  return former
}

/** Null: `by` does not vouch for a key here. */
async function vouchedFor(
  voucher: string,
  by: FormerKey,
): Promise<(FormerKey & { readonly kid: string }) | null> {
  const options = { algorithms: ['EdDSA'] }
  const verified = await compactVerify(voucher, by.publicKey, options).catch(() => null)
  if (verified?.protectedHeader.typ !== TYPE) return null
  const { last_seq: lastSeq, key } = JSON.parse(
    new TextDecoder().decode(verified.payload),
  ) as Voucher
  if (lastSeq > by.lastSeq) return null
  const publicKey = createPublicKey({ key, format: 'jwk' } as Parameters<typeof createPublicKey>[0])
  return { kid: await calculateJwkThumbprint(key), publicKey, lastSeq }
}
