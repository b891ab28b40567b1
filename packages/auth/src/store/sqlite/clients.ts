/** Clients in SQLite: found, created, changed, deleted. */

import { attempt } from '@modulariot/platform/storage'
import type { Client, ClientRecord } from '../../records/client.ts'
import { searchTextOf } from '../client-query.ts'
import { FEW_AUDIENCES, recordsInPlaces, recordsWithAudiences } from '../fleet-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { ClientStore, CreateOutcome, FleetLookup } from '../ports/clients.ts'
import { removedSecrets } from '../removed-secrets.ts'
import { clientOf, clientRecordOf } from '../rows.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import { BY_EXTERNAL_ID, searchClients } from './client-search.ts'
import type { Sqlite } from './connection.ts'
import { keepAnswers } from './idempotency.ts'

export function clientStore(sqlite: Sqlite, change: Change): ClientStore {
  return {
    createClients: (clients, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        return createClients(sqlite, unit, clients)
      }),
    findClient: (client_id) => attempt(() => findClient(sqlite, client_id)),
    readClients: clientReader(sqlite),
    listClients: (query) => attempt(() => searchClients(sqlite, query)),
    updateClient: (client_id, update, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        return updateClient(sqlite, unit, client_id, update)
      }),
    deleteClient: (client_id, remove, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        return deleteClient(sqlite, unit, client_id, remove)
      }),
  }
}

const AUDIENCE = `json_object(
        'audience', a.audience, 'token_lifetime_seconds', a.token_lifetime_seconds,
        'signing_alg', a.signing_alg, 'token_typ', a.token_typ)`

/** In the statement of the client, so that both are of one moment, whatever others write. */
const AUDIENCES = `(SELECT json_group_array(${AUDIENCE})
      FROM json_each(document, '$.grants') g
      JOIN audiences a ON a.audience = json_extract(g.value, '$.audience')) AS audiences`

const FIND = `SELECT document, ${AUDIENCES} FROM clients WHERE client_id = ?`

/** Each client, and another in place of one that does not exist. */
const FOUND = `FROM json_each(?1) n JOIN clients c
     ON c.client_id = coalesce((SELECT client_id FROM clients WHERE client_id = n.value), ?2)`

/** The row without a place has all audiences; null: there are more than a few. */
const READ = `SELECT n.key AS place, document ${FOUND}
   UNION ALL
   SELECT NULL, (
     SELECT CASE WHEN count(*) <= ${FEW_AUDIENCES} THEN json_group_array(${AUDIENCE}) END
     FROM (SELECT * FROM audiences LIMIT ${FEW_AUDIENCES + 1}) a)`

const READ_WITH_AUDIENCES = `SELECT n.key AS place, document, ${AUDIENCES} ${FOUND}`

/** `json_each` counts from it. */
const FIRST_PLACE = 0

function findClient({ sql }: Sqlite, client_id: string): ClientRecord | null {
  const row = sql(FIND).get(client_id)
  return row === undefined ? null : clientRecordOf(row)
}

function clientReader({ sql }: Sqlite): FleetLookup['readClients'] {
  let few = true
  return (client_ids, decoy) =>
    attempt(() => {
      const values = [JSON.stringify(client_ids), decoy]
      if (few) {
        const records = recordsWithAudiences(client_ids, sql(READ).all(...values), FIRST_PLACE)
        if (records !== null) return records
        few = false
      }
      const rows = sql(READ_WITH_AUDIENCES).all(...values)
      return recordsInPlaces(client_ids, rows, FIRST_PLACE)
    })
}

/** @throws of SQLite, when an id is taken or an organization does not exist. */
export function createClients(
  sqlite: Sqlite,
  unit: ChangeUnit,
  clients: readonly Audited<Client>[],
): CreateOutcome[] {
  const { sql } = sqlite
  const created: Audited<Client>[] = []
  const outcomes = clients.map((audited): CreateOutcome => {
    const { client_id, org_id, environment, external_id } = audited.value
    if (external_id !== null) {
      const row = sql(BY_EXTERNAL_ID).get(org_id, environment, external_id)
      if (row !== undefined) return { created: false, existing: clientOf(row) }
    }
    sql(
      `INSERT INTO clients (client_id, org_id, environment, external_id, document, search_text)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ).run(
      ...[client_id, org_id, environment, external_id],
      ...[JSON.stringify(audited.value), searchTextOf(audited.value)],
    )
    created.push(audited)
    return { created: true }
  })
  if (created.length > 0) recordClients(sqlite, unit, created)
  return outcomes
}

/** Null, and no change, when there is no such client. */
function updateClient(
  sqlite: Sqlite,
  unit: ChangeUnit,
  client_id: string,
  update: (current: Client) => Audited<Client>,
): Client | null {
  const { sql } = sqlite
  const row = sql('SELECT document FROM clients WHERE client_id = ?').get(client_id)
  if (row === undefined) return null
  const before = clientOf(row)
  const audited = update(before)
  const { value } = audited
  for (const secret_id of removedSecrets(before, value)) {
    sql('DELETE FROM secret_usage WHERE secret_id = ?').run(secret_id)
  }
  sql(
    `UPDATE clients SET external_id = ?, document = ?, search_text = ?, changed_by = ?
     WHERE client_id = ?`,
  ).run(
    ...[value.external_id, JSON.stringify(value), searchTextOf(value), unit.revision],
    client_id,
  )
  recordClients(sqlite, unit, [audited])
  return value
}

/** Null, and no change, when there is no such client. */
function deleteClient(
  sqlite: Sqlite,
  unit: ChangeUnit,
  client_id: string,
  remove: (current: Client) => Audited<Client>,
): Client | null {
  const { sql } = sqlite
  const row = sql('SELECT document FROM clients WHERE client_id = ?').get(client_id)
  if (row === undefined) return null
  const audited = remove(clientOf(row))
  const { value } = audited
  for (const { secret_id } of value.secrets) {
    sql('DELETE FROM secret_usage WHERE secret_id = ?').run(secret_id)
  }
  sql('DELETE FROM client_usage WHERE client_id = ?').run(client_id)
  sql('DELETE FROM client_addresses WHERE client_id = ?').run(client_id)
  sql('DELETE FROM token_quotas WHERE client_id = ?').run(client_id)
  sql('DELETE FROM assertions WHERE client_id = ?').run(client_id)
  sql('DELETE FROM clients WHERE client_id = ?').run(client_id)
  recordClients(sqlite, unit, [audited])
  return value
}

/** What every change to clients writes beside their rows. */
function recordClients(
  sqlite: Sqlite,
  unit: ChangeUnit,
  clients: readonly Audited<Client>[],
): void {
  unit.changed()
  unit.audit(clients.map(({ audit }) => audit))
  keepAnswers(sqlite, clients)
  for (const { revoke } of clients) unit.revoke(revoke)
}
