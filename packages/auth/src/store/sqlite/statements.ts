/**
 * The store's statements, prepared once; those of the tables that have a file of their own are
 * there.
 */

import type { DatabaseSync } from 'node:sqlite'

export type Statements = ReturnType<typeof prepareStatements>

export function prepareStatements(database: DatabaseSync) {
  const keyColumns = 'kid, alg, public_jwk, sealed, created_at, activates_at, retires_at'
  const audienceColumns = 'audience, scopes, token_lifetime_seconds, signing_alg'
  const prepare = (text: string) => database.prepare(text)
  return {
    revision: prepare('SELECT value, keys, feed_seq FROM revision'),
    keysChanged: prepare('UPDATE revision SET keys = value + 1'),
    clientsChangedSince: prepare(
      'SELECT client_id FROM clients WHERE changed_by > ? AND changed_by > 0 LIMIT ?',
    ),
    totalChanges: prepare('SELECT total_changes() AS changes'),
    countRevision: prepare('UPDATE revision SET value = value + 1'),
    organizations: prepare('SELECT org_id, name FROM organizations ORDER BY org_id'),
    insertOrganization: prepare('INSERT INTO organizations (org_id, name) VALUES (?, ?)'),
    audiences: prepare(`SELECT ${audienceColumns} FROM audiences ORDER BY audience`),
    insertAudience: prepare(
      `INSERT INTO audiences (${audienceColumns}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    client: prepare('SELECT document FROM clients WHERE client_id = ?'),
    // One statement, so that what it reads is of one moment whoever writes meanwhile.
    clientWithAudiences: prepare(
      `SELECT document,
         (SELECT json_group_array(json_object(
            'audience', a.audience, 'token_lifetime_seconds', a.token_lifetime_seconds,
            'signing_alg', a.signing_alg))
          FROM json_each(document, '$.grants') g
          JOIN audiences a ON a.audience = json_extract(g.value, '$.audience')) AS audiences
       FROM clients WHERE client_id = ?`,
    ),
    clientByExternalId: prepare(
      `SELECT document FROM clients WHERE org_id = ? AND environment = ? AND external_id = ?`,
    ),
    clientsAfter: prepare(
      'SELECT document FROM clients WHERE client_id > ? ORDER BY client_id LIMIT ?',
    ),
    tenantClientsAfter: prepare(
      `SELECT document FROM clients WHERE org_id = ? AND environment = ? AND client_id > ?
       ORDER BY client_id LIMIT ?`,
    ),
    insertClient: prepare(
      `INSERT INTO clients (client_id, org_id, environment, external_id, document)
       VALUES (?, ?, ?, ?, ?)`,
    ),
    updateClient: prepare(
      `UPDATE clients SET external_id = ?, document = ?,
         changed_by = (SELECT value + 1 FROM revision)
       WHERE client_id = ?`,
    ),
    insertAssertion: prepare(
      'INSERT INTO assertions (client_id, jti, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    forgetAssertions: prepare(
      `DELETE FROM assertions WHERE (client_id, jti) IN
         (SELECT client_id, jti FROM assertions WHERE until < ? ORDER BY until LIMIT ?)`,
    ),
    signingKeys: prepare(`SELECT ${keyColumns} FROM signing_keys ORDER BY created_at, kid`),
    insertSigningKey: prepare(
      `INSERT INTO signing_keys (${keyColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    deleteSigningKeys: prepare('DELETE FROM signing_keys'),
  }
}
