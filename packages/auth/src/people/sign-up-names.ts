/** The names that a person enters when signing up. */

import { NAME_LENGTH } from '../records/client-limits.ts'
import { assertNoLink, assertPlainText } from '../text/plain-text.ts'
import type { PeopleDeps } from './deps.ts'
import { peopleSql } from './sql.ts'
import { VERIFICATION_LINK_SECONDS } from './times.ts'

/** @throws AdminError `invalid_input`. */
export function personName(text: string): string {
  const name = text.trim()
  assertPlainText('name', name, NAME_LENGTH)
  assertNoLink('name', name)
  return name
}

/** Null: none was entered. @throws AdminError `invalid_input`. */
export function organizationName(text: string | undefined): string | null {
  const name = text?.trim() ?? ''
  if (name === '') return null
  assertPlainText('organization_name', name, NAME_LENGTH)
  assertNoLink('organization_name', name)
  return name
}

const identifierOf = (person_id: string): string => `organization-of ${person_id}`

/** Keeps the name until the address is verified, and the organization is created. */
export async function keepOrganizationName(
  person_id: string,
  name: string,
  { store, now }: PeopleDeps,
): Promise<void> {
  const at = new Date(now()).toISOString()
  const until = new Date(now() + VERIFICATION_LINK_SECONDS * 1000).toISOString()
  await peopleSql(store.accounts)(
    `INSERT INTO {people_verifications} (id, identifier, value, expires_at, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
    ...[identifierOf(person_id), identifierOf(person_id), name, until, at, at],
  )
}

/** The name that was kept, once; null: there is none. */
export async function takeOrganizationName(
  person_id: string,
  { store }: PeopleDeps,
): Promise<string | null> {
  const sql = 'DELETE FROM {people_verifications} WHERE id = ? RETURNING value'
  const { rows } = await peopleSql(store.accounts)(sql, identifierOf(person_id))
  return rows.length === 0 ? null : String(rows[0]?.value)
}
