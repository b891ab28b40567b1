/**
 * The store on one SQLite file.
 *
 * `node:sqlite` is synchronous, which is what makes each method atomic here: nothing else runs between
 * its first statement and its last.
 */

import type { DatabaseSync } from 'node:sqlite'
import {
  atomically,
  attempt,
  migrate,
  openDatabase,
  readMigrations,
} from '@modulariot/platform/storage'
import type { SealedKey } from '../../keys/sealed-key.ts'
import type { AuthStore, NewClientRows } from '../store.ts'
import { audienceOf, clientOf, clientRecordOf, organizationOf, sealedKeyOf } from './rows.ts'

/** How soon a change by another process is noticed. */
const CHANGE_POLL_MS = 200

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteAuthStore(path: string): AuthStore {
  const database = openDatabase(path)
  migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
  return createStore(database)
}

function createStore(database: DatabaseSync): AuthStore {
  const sql = prepareStatements(database)
  const changes = watchChanges(() => (sql.revision.get() as { value: number }).value)

  const countChanges = (): unknown => sql.totalChanges.get()?.changes

  function write<Result>(work: () => Result): Promise<Result> {
    const result = attempt(() =>
      atomically(database, () => {
        const before = countChanges()
        const value = work()
        if (countChanges() !== before) sql.countRevision.run()
        return value
      }),
    )
    changes.check()
    return result
  }

  function insertClient({ client, grants, secret }: NewClientRows): void {
    const { client_id } = client
    sql.insertClient.run(
      client_id,
      client.name,
      client.org_id,
      client.environment,
      client.status,
      client.token_lifetime_seconds,
      client.created_at,
    )
    for (const { audience, scopes } of grants) {
      sql.insertGrant.run(client_id, audience, JSON.stringify(scopes))
    }
    sql.insertSecret.run(secret.secret_id, client_id, secret.digest, secret.created_at)
  }

  return {
    ping: () => attempt(() => void sql.revision.get()),

    createFirst: (organization, first) =>
      write(() => {
        if (sql.organizations.all().length > 0) return false
        sql.insertOrganization.run(organization.org_id, organization.name)
        insertClient(first)
        return true
      }),
    listOrganizations: () => attempt(() => sql.organizations.all().map(organizationOf)),

    ensureAudience: (audience) =>
      write(() => {
        sql.insertAudience.run(
          audience.audience,
          JSON.stringify(audience.scopes),
          audience.token_lifetime_seconds,
          audience.signing_alg,
        )
      }),
    listAudiences: () => attempt(() => sql.audiences.all().map(audienceOf)),

    createClient: (rows) => write(() => insertClient(rows)),
    findClient: (client_id) =>
      attempt(() => {
        const row = sql.client.get(client_id)
        return row === undefined ? null : clientRecordOf(row)
      }),
    listClients: ({ after, limit }) =>
      attempt(() => {
        const clients = sql.clientsAfter.all(after ?? '', limit + 1).map(clientOf)
        const page = clients.slice(0, limit)
        const last = page.at(-1)
        return { clients: page, next: clients.length > limit && last ? last.client_id : null }
      }),

    updateSigningKeys: async (update) => {
      const read = (): SealedKey[] => sql.signingKeys.all().map(sealedKeyOf)
      const current = await attempt(read)
      // Asking without changing is the common case, and must not take the write lock.
      if (update(current) === current) return current
      return write(() => {
        const before = read()
        const next = update(before)
        // Another process may have done it between the two reads.
        if (next === before) return before
        sql.deleteSigningKeys.run()
        for (const { kid, alg, public_jwk, sealed, created_at } of next) {
          sql.insertSigningKey.run(kid, alg, JSON.stringify(public_jwk), sealed, created_at)
        }
        return next
      })
    },

    onChange: changes.subscribe,
    close: async () => {
      changes.stop()
      database.close()
    },
  }
}

function prepareStatements(database: DatabaseSync) {
  const clientColumns =
    'client_id, name, org_id, environment, status, token_lifetime_seconds, created_at'
  const keyColumns = 'kid, alg, public_jwk, sealed, created_at'
  const prepare = (text: string) => database.prepare(text)
  return {
    revision: prepare('SELECT value FROM revision'),
    totalChanges: prepare('SELECT total_changes() AS changes'),
    countRevision: prepare('UPDATE revision SET value = value + 1'),
    organizations: prepare('SELECT org_id, name FROM organizations ORDER BY org_id'),
    insertOrganization: prepare('INSERT INTO organizations (org_id, name) VALUES (?, ?)'),
    audiences: prepare(
      'SELECT audience, scopes, token_lifetime_seconds, signing_alg FROM audiences ORDER BY audience',
    ),
    insertAudience: prepare(
      `INSERT INTO audiences (audience, scopes, token_lifetime_seconds, signing_alg)
       VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    // One statement, so that what it reads is of one moment whoever writes meanwhile.
    client: prepare(
      `SELECT ${clientColumns},
         (SELECT json_group_array(json_object(
            'secret_id', secret_id, 'digest', digest, 'created_at', created_at))
          FROM secrets s WHERE s.client_id = c.client_id) AS secrets,
         (SELECT json_group_array(json_object(
            'audience', audience, 'scopes', json(g.scopes),
            'token_lifetime_seconds', a.token_lifetime_seconds, 'signing_alg', signing_alg))
          FROM grants g JOIN audiences a USING (audience)
          WHERE g.client_id = c.client_id) AS grants
       FROM clients c WHERE client_id = ?`,
    ),
    clientsAfter: prepare(
      `SELECT ${clientColumns} FROM clients WHERE client_id > ? ORDER BY client_id LIMIT ?`,
    ),
    insertClient: prepare(`INSERT INTO clients (${clientColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`),
    insertGrant: prepare('INSERT INTO grants (client_id, audience, scopes) VALUES (?, ?, ?)'),
    insertSecret: prepare(
      'INSERT INTO secrets (secret_id, client_id, digest, created_at) VALUES (?, ?, ?, ?)',
    ),
    signingKeys: prepare(`SELECT ${keyColumns} FROM signing_keys ORDER BY created_at, kid`),
    insertSigningKey: prepare(`INSERT INTO signing_keys (${keyColumns}) VALUES (?, ?, ?, ?, ?)`),
    deleteSigningKeys: prepare('DELETE FROM signing_keys'),
  }
}

/** Tells listeners when the revision has moved; while nobody listens, nothing is read. */
function watchChanges(readRevision: () => number) {
  const listeners = new Set<() => void>()
  let seen = readRevision()
  let timer: NodeJS.Timeout | null = null

  function check(): void {
    let revision = seen
    try {
      revision = readRevision()
    } catch {
      return // The next check will tell; requests meanwhile report the store's state themselves.
    }
    if (revision === seen) return
    seen = revision
    for (const listener of listeners) listener()
  }
  function stop(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    check,
    stop,
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      timer ??= setInterval(check, CHANGE_POLL_MS).unref()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
  }
}
