/**
 * Encrypts second factors with the new key, when the encryption key of an installation is changed.
 *
 * Each row is one statement with the former value as its condition, so what a person changes at the
 * same time is not lost, and running it again finishes an interrupted change.
 */

import { StoreUnavailable } from '@modulariot/platform/storage'
import type { AccountStatements } from '../store/ports/accounts.ts'
import { peopleSql } from './sql.ts'

const FIND = 'SELECT id, secret, backup_codes FROM {people_two_factors} ORDER BY id'
const MOVE = `UPDATE {people_two_factors} SET secret = ?, backup_codes = ?
   WHERE id = ? AND secret = ? AND backup_codes = ?`

export interface ResealedTwoFactors {
  /** Encrypted with the new key now, and in all. */
  readonly resealed: number
  readonly total: number
  /** Encrypted with neither key: these persons need a backup of the key, or a new second factor. */
  readonly unreadable: number
}

/** @param from keys of accounts, like `to`. */
export async function resealTwoFactors(
  { from, to }: { from: Uint8Array; to: Uint8Array },
  { accounts }: AccountStatements,
): Promise<ResealedTwoFactors> {
  const sql = peopleSql(accounts)
  const { rows } = await sql(FIND)
  if (rows.length === 0) return { resealed: 0, total: 0, unreadable: 0 }
  // better-auth takes long to load, and most installations have no second factors.
  const { encryptionWith } = await import('./better-auth-encryption.ts')
  const { isUnderNewKey, reencrypt } = encryptionWith({ from, to })
  let [resealed, unreadable] = [0, 0]
  for (const row of rows) {
    const [secret, codes] = [String(row.secret), String(row.backup_codes)]
    if (isUnderNewKey(secret) && isUnderNewKey(codes)) continue
    try {
      const next = [await reencrypt(secret), await reencrypt(codes)]
      resealed += (await sql(MOVE, ...next, row.id, secret, codes)).count
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error
      unreadable++
    }
  }
  return { resealed, total: rows.length, unreadable }
}
