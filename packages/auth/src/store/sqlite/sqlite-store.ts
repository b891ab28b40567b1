/**
 * The store on one SQLite file.
 *
 * `node:sqlite` is synchronous, which is what makes each method atomic here: nothing else runs
 * between its first statement and its last.
 */

import type { DatabaseSync } from 'node:sqlite'
import {
  atomically,
  attempt,
  groupCommit,
  migrate,
  openDatabase,
  readMigrations,
} from '@modulariot/platform/storage'
import type { Audience } from '../../records/audience.ts'
import type { Client, Organization } from '../../records/client.ts'
import type { SealedKey } from '../../records/sealed-key.ts'
import type { Audited, Authority } from '../ports/audited-change.ts'
import type { StoreChange } from '../ports/changes.ts'
import type { CreateOutcome } from '../ports/clients.ts'
import { audienceOf, clientOf, clientRecordOf, organizationOf, sealedKeyOf } from '../rows.ts'
import type { AuthStore } from '../store.ts'
import { withoutNul } from '../without-nul.ts'
import { searchClients } from './clients.ts'
import { quotaTable } from './quotas.ts'
import { type RevocationTable, revocationTable } from './revocations.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { type AuditTable, auditTable } from './trail.ts'
import { usageTables } from './usage.ts'
import { type Revision, watchChanges } from './watch-changes.ts'

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteAuthStore(path: string): AuthStore {
  const database = openDatabase(path)
  migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
  return createStore(database)
}

function createStore(database: DatabaseSync): AuthStore {
  const sql = prepareStatements(database)
  const feed = revocationTable(database)
  const trail = auditTable(database, writeUnannounced)
  const rows = createRowWriter(sql, feed, trail)
  const changes = watchChanges({
    readRevision: () => sql.revision.get() as unknown as Revision,
    changedClients: (since) => changedClients(sql, since),
  })
  const countChanges = (): unknown => sql.totalChanges.get()?.changes

  /** For what nobody keeps in memory: an announcement would empty every instance's for nothing. */
  function writeUnannounced<Result>(work: () => Result): Promise<Result> {
    return attempt(() => atomically(database, work))
  }

  /** What each login may write, when many log in. */
  const writeTogether = groupCommit(database)

  function write<Result>(work: () => Result): Promise<Result> {
    const result = writeUnannounced(() => {
      const before = countChanges()
      const value = work()
      if (countChanges() !== before) sql.countRevision.run()
      return value
    })
    changes.check()
    return result
  }

  const readSigningKeys = (): SealedKey[] => sql.signingKeys.all().map(sealedKeyOf)

  /** Runs in the unit whose change it guards. @throws what the authority throws. */
  function assertAuthority(authority: Authority | null = null): void {
    if (authority === null) return
    const { client_id, jti, kid } = authority
    const row = sql.client.get(client_id)
    authority.assert({
      client: row === undefined ? null : clientOf(row),
      tokenRevoked: feed.hasToken(jti) || feed.hasKey(kid),
    })
  }

  return {
    ping: () => attempt(() => void sql.revision.get()),

    createFirst: (organization, client) =>
      write(() => {
        if (sql.organizations.get() !== undefined) return false
        rows.organization(organization)
        rows.client(client)
        return true
      }),
    createOrganization: (organization) => write(() => rows.organization(organization)),
    listOrganizations: () => attempt(() => sql.organizations.all().map(organizationOf)),

    createAudience: (audience) => write(() => rows.audience(audience)),
    listAudiences: () => attempt(() => sql.audiences.all().map(audienceOf)),

    createClients: (clients, authority) =>
      write(() => {
        assertAuthority(authority)
        return clients.map((client) => rows.client(client))
      }),
    findClient: (client_id) =>
      attempt(() => {
        const row = sql.clientWithAudiences.get(client_id)
        return row === undefined ? null : clientRecordOf(row)
      }),
    listClients: (query) => attempt(() => searchClients(sql, query)),
    updateClient: (client_id, update, authority) =>
      write(() => {
        assertAuthority(authority)
        const row = sql.client.get(client_id)
        if (row === undefined) return null
        const audited = update(clientOf(row))
        const { value, revoke } = audited
        sql.updateClient.run(value.external_id, JSON.stringify(value), client_id)
        trail.appendOfClient(audited)
        rows.revoke(revoke)
        return value
      }),

    recordAudit: (audit) => writeUnannounced(() => trail.append(audit)),
    cutAudit: trail.cutAudit,
    useAssertion: ({ client_id, jti, until }, nowSeconds) =>
      writeTogether(() => {
        sql.forgetAssertions.run(nowSeconds, ASSERTIONS_A_LOGIN_FORGETS)
        return sql.insertAssertion.run(client_id, withoutNul(jti), until).changes === 1
      }),

    ...quotaTable(database, writeTogether),
    revokeToken: ({ jti, client_id, expires }, maxLiving) =>
      write(() => {
        if (feed.hasToken(jti)) return 'already'
        if (feed.countTokens(client_id) >= maxLiving) return 'too_many'
        feed.insert({ kind: 'token', jti, expires }, client_id)
        return 'revoked'
      }),
    isTokenRevoked: feed.isTokenRevoked,
    readRevocations: feed.readRevocations,
    sweep: (nowSeconds, limit) =>
      writeUnannounced(
        () =>
          Number(sql.forgetAssertions.run(nowSeconds, limit).changes) +
          feed.forget(nowSeconds, limit) +
          trail.forgetAnswers(nowSeconds, limit),
      ),

    ...usageTables(database, writeUnannounced),

    listSigningKeys: () => attempt(readSigningKeys),
    updateSigningKeys: (update) =>
      write(() => {
        const before = readSigningKeys()
        const change = update(before)
        if (change === null) return before
        rows.signingKeys(change.keys)
        for (const draft of change.audit) trail.append(draft)
        rows.revoke(change.revoke)
        return readSigningKeys()
      }),

    findIdempotent: (tenant, key, authority) =>
      attempt(() => {
        assertAuthority(authority)
        return trail.answerOf(tenant, key)
      }),
    ...trail.reads,

    onChange: changes.subscribe,
    silentForMs: changes.silentForMs,
    close: async () => {
      changes.stop()
      database.close()
    },
  }
}

/** Bounded, so that no login pays for a whole night of them. */
const ASSERTIONS_A_LOGIN_FORGETS = 4
/** More changed clients than this are not named one by one. */
const MAX_NAMED_CLIENTS = 1000

function changedClients(sql: Statements, since: number): StoreChange['clients'] {
  const rows = sql.clientsChangedSince.all(since, MAX_NAMED_CLIENTS + 1)
  if (rows.length > MAX_NAMED_CLIENTS) return 'all'
  return rows.map(({ client_id }) => client_id as string)
}

/** Writes one record and its audit entry. Runs inside a transaction. */
function createRowWriter(sql: Statements, feed: RevocationTable, trail: AuditTable) {
  return {
    revoke(revocations: Audited<unknown>['revoke'] = []): void {
      for (const revocation of revocations) feed.insert(revocation, null)
    },
    signingKeys(keys: readonly SealedKey[]): void {
      sql.deleteSigningKeys.run()
      for (const key of keys) {
        const { kid, alg, public_jwk, sealed, created_at, activates_at, retires_at } = key
        const jwk = JSON.stringify(public_jwk)
        sql.insertSigningKey.run(kid, alg, jwk, sealed, created_at, activates_at, retires_at)
      }
      sql.keysChanged.run()
    },
    organization({ value, audit: draft }: Audited<Organization>): void {
      sql.insertOrganization.run(value.org_id, value.name)
      trail.append(draft)
    },
    audience({ value, audit: draft }: Audited<Audience>): boolean {
      const { changes } = sql.insertAudience.run(
        value.audience,
        JSON.stringify(value.scopes),
        value.token_lifetime_seconds,
        value.signing_alg,
      )
      if (changes === 0) return false
      sql.keysChanged.run()
      trail.append(draft)
      return true
    },
    client(audited: Audited<Client>): CreateOutcome {
      const { value } = audited
      const { client_id, org_id, environment, external_id } = value
      if (external_id !== null) {
        const row = sql.clientByExternalId.get(org_id, environment, external_id)
        if (row !== undefined) return { created: false, existing: clientOf(row) }
      }
      sql.insertClient.run(client_id, org_id, environment, external_id, JSON.stringify(value))
      trail.appendOfClient(audited)
      return { created: true }
    },
  }
}
