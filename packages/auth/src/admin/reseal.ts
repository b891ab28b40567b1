/**
 * Changes the encryption key of an installation: seals the signing keys with the new one, which
 * makes every instance use it, and finds the secrets that are still under the former one.
 *
 * Each step is one unit of the store and is skipped where it is done already, so an interrupted
 * change is finished by running it again, and two runs at once do no harm.
 */

import { takeCheckpoint } from '../audit/check-trail.ts'
import { type CheckpointSigner, createCheckpointSigner } from '../audit/checkpoint.ts'
import { BATCH_MOVES } from '../clients/secret-mover.ts'
import { AdminError } from '../errors/admin-error.ts'
import { SealBroken } from '../errors/seal-broken.ts'
import { digestKeyId } from '../keys/digest-keys.ts'
import { type InstallationKeys, seal, unseal } from '../keys/sealing.ts'
import type { Client, StoredSecret } from '../records/client.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { ClientStore } from '../store/ports/clients.ts'
import type { Instance, InstanceStore } from '../store/ports/instances.ts'
import type { SecretMove, SecretMoveStore } from '../store/ports/secret-moves.ts'
import type {
  FormerCheckpointKey,
  KeyChange,
  SigningKeyStore,
} from '../store/ports/signing-keys.ts'
import type { TrailReader } from '../store/ports/trail.ts'
import type { UsageStore } from '../store/ports/usage.ts'
import { type AdminContext, auditDraft } from './context.ts'

export interface KeyReplacement {
  readonly from: InstallationKeys
  readonly to: InstallationKeys
  readonly issuer: string
}

/** A secret that only the former key can check: it moves when it is used, or is rotated. */
export interface RemainingSecret {
  readonly client_id: string
  readonly client_name: string
  readonly secret_id: string
  readonly label: string
  /** ISO 8601; null: it has not been used yet. */
  readonly last_used_at: string | null
}

export interface ResealedKeys {
  /** Sealed with the new key now, and in all. */
  readonly resealed: number
  readonly total: number
}

const CLIENTS_PER_PAGE = 500

/**
 * Seals all signing keys with the new key. The keys that another instance creates at the same time
 * are sealed by the next round.
 *
 * @throws SealBroken, with nothing changed, when a key was sealed with neither; AdminError
 *   `conflict`, too, while a running server does not know the new key.
 */
export async function resealSigningKeys(
  replacement: KeyReplacement,
  context: AdminContext<SigningKeyStore & TrailReader & InstanceStore>,
): Promise<ResealedKeys> {
  const { store } = context
  // Again within the unit; this tells before anything is prepared.
  const nowSeconds = Math.floor(context.now() / 1000)
  assertEveryInstanceKnows(replacement.to, await store.listInstances(nowSeconds))
  let resealed = 0
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const keys = await store.listSigningKeys()
    if (keys.length === 0) {
      throw new AdminError('not_found', 'There is no signing key yet; run miot serve first')
    }
    const opened = await Promise.all(keys.map((key) => openWithEither(key, replacement)))
    const sealed = new Map(opened.flatMap(({ key, moved }) => (moved ? [[key.sealed, moved]] : [])))
    if (sealed.size === 0) return { resealed, total: keys.length }
    const first = sealed.size === keys.length
    const { lastSeq, change } = await changeOf(first, sealed.size, replacement, context)
    let changed = false
    await store.updateSigningKeys((current, moment) => {
      if (!current.some((key) => sealed.has(key.sealed))) return null
      assertEveryInstanceKnows(
        replacement.to,
        moment.instances.filter(({ until }) => until > nowSeconds),
      )
      // The voucher has to cover every row that the former key may have signed.
      if (lastSeq !== null && lastSeq !== moment.lastSeq) return null
      changed = true
      const next = current.map((key) => ({ ...key, sealed: sealed.get(key.sealed) ?? key.sealed }))
      return { ...change, keys: next }
    })
    if (changed) resealed += sealed.size
  }
  throw new AdminError(
    'conflict',
    'Entries were added to the audit trail too fast to change the key between two of them: run this again once no import runs',
  )
}

/** A round is repeated when an entry was added to the trail during it. */
const MAX_ROUNDS = 100

/** A server without the new key would refuse every secret that moves to it. */
function assertEveryInstanceKnows(
  { secretDigest }: InstallationKeys,
  running: readonly Instance[],
): void {
  const id = digestKeyId(secretDigest)
  const without = running.filter(({ key_ids }) => !key_ids.includes(id))
  if (without.length === 0) return
  throw new AdminError(
    'conflict',
    `Nothing was changed, since these instances do not know the new key: ${without.map(({ name }) => name).join(', ')}. ` +
      'Restart each with MIOT_NEW_ENCRYPTION_KEY, then run this again; one that was killed counts for a minute more',
  )
}

/** `moved`: sealed with the new key; null: it was already. */
async function openWithEither(
  key: SealedKey,
  { from, to }: KeyReplacement,
): Promise<{ key: SealedKey; moved: string | null }> {
  const isDone = await unseal(key.sealed, key.kid, to.sealing).then(
    () => true,
    () => false,
  )
  if (isDone) return { key, moved: null }
  const half = await unseal(key.sealed, key.kid, from.sealing).catch(() => {
    throw new SealBroken(
      `The signing key ${key.kid} opens neither with MIOT_ENCRYPTION_KEY nor with the new key, so nothing ` +
        'was changed: set MIOT_ENCRYPTION_KEY to the key that is in use',
    )
  })
  return { key, moved: await seal(half, key.kid, to.sealing) }
}

/**
 * What is written with the keys: an entry, and with the first ones also the voucher.
 *
 * `lastSeq`: the newest row that the voucher covers; null: it is not part of the change.
 */
async function changeOf(
  first: boolean,
  signing_keys: number,
  { from, to, issuer }: KeyReplacement,
  context: AdminContext<SigningKeyStore & TrailReader>,
): Promise<{ readonly lastSeq: number | null; readonly change: Omit<KeyChange, 'keys'> }> {
  const { store } = context
  const vouchers = await store.listFormerCheckpointKeys()
  const former = await createCheckpointSigner(from.checkpoint, issuer, vouchers)
  const present = await createCheckpointSigner(to.checkpoint, issuer)
  const id = digestKeyId(to.secretDigest)
  const entry = (before: object, after: object): Omit<KeyChange, 'keys'> => ({
    audit: [
      auditDraft(context, {
        action: 'encryption_key.changed',
        target: { type: 'key', id },
        ...{ org_id: null, environment: null, before, after },
      }),
    ],
  })
  const before = { key: digestKeyId(from.secretDigest) }
  if (!first) return { lastSeq: null, change: entry(before, { key: id, signing_keys }) }
  const last = await takeCheckpoint(store, former, context.now())
  const change = {
    ...entry(
      { ...before, checkpoint_key: former.publicKey, checkpoint: last.checkpoint },
      { key: id, checkpoint_key: present.publicKey, signing_keys },
    ),
    formerCheckpointKey: {
      kid: former.kid,
      presentKid: present.kid,
      voucher: await present.vouchFor(former.publicKey, last.seq),
      base: await resignedBase(store, former, present),
    },
  }
  return { lastSeq: last.seq, change }
}

/** The former key may have leaked, so that it must not excuse the rows that were removed. */
async function resignedBase(
  store: TrailReader,
  former: CheckpointSigner,
  present: CheckpointSigner,
): Promise<FormerCheckpointKey['base']> {
  const before = await store.readAuditBase()
  if (before === null) return null
  const { checkpoint: after } = await present.sign('base', await former.verify('base', before))
  return { before, after }
}

/**
 * The secrets that are still under another key than the new one. Marks those of earlier versions
 * as being under the former key, so that a login that fails for it is logged as such.
 *
 * @param progress called with the number of clients read so far.
 */
export async function remainingSecrets(
  { from, to }: KeyReplacement,
  context: AdminContext<ClientStore & SecretMoveStore & UsageStore>,
  progress: (clients: number) => void = () => {},
): Promise<RemainingSecret[]> {
  const { store, now } = context
  const [former, present] = [digestKeyId(from.secretDigest), digestKeyId(to.secretDigest)]
  const remaining: RemainingSecret[] = []
  let read = 0
  let after: string | null = null
  do {
    const page = await store.listClients({ after, limit: CLIENTS_PER_PAGE })
    await markAll(page.clients, former, store)
    for (const client of page.clients) {
      const own = client.secrets.filter(
        (secret) => secret.digest_key !== present && !hasEnded(secret, now()),
      )
      if (own.length > 0) remaining.push(...(await describe(client, own, store)))
    }
    read += page.clients.length
    progress(read)
    after = page.next
  } while (after !== null)
  return remaining
}

async function markAll(
  clients: readonly Client[],
  digest_key: string,
  store: SecretMoveStore,
): Promise<void> {
  const marks = clients.flatMap(({ client_id, secrets }): SecretMove[] =>
    secrets
      .filter((secret) => secret.digest_key === undefined)
      .map(({ secret_id, digest }) => ({ client_id, secret_id, from: digest, digest, digest_key })),
  )
  for (let start = 0; start < marks.length; start += BATCH_MOVES) {
    await store.moveSecrets(marks.slice(start, start + BATCH_MOVES))
  }
}

async function describe(
  { client_id, name: client_name }: Client,
  secrets: readonly StoredSecret[],
  store: UsageStore,
): Promise<RemainingSecret[]> {
  const { secrets: uses } = await store.usageOf(client_id)
  return secrets.map(({ secret_id, label }) => {
    const last_used_at = uses.find((use) => use.secret_id === secret_id)?.last_used_at ?? null
    return { client_id, client_name, secret_id, label, last_used_at }
  })
}

/** @param nowMs Unix milliseconds. */
function hasEnded({ expires_at }: StoredSecret, nowMs: number): boolean {
  return expires_at !== null && Date.parse(expires_at) <= nowMs
}
