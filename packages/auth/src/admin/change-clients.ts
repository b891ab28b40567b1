/**
 * One change to many clients. Each client is judged alone and changed in its own unit, so one that
 * is refused leaves the others as they would be without it. Nothing is kept between two calls: the
 * caller sends the next part, and may stop after each.
 */

import { setImmediate } from 'node:timers/promises'
import type { ManyChange } from '../clients/many-change.ts'
import type { ClientChange } from '../clients/new-client.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Client, ClientView } from '../records/client.ts'
import { MAX_TAGS } from '../records/client-limits.ts'
import type { ClientStore } from '../store/ports/clients.ts'
import { actionOf, changeClient, withChange } from './clients.ts'
import type { AdminContext } from './context.ts'
import { type AddedSecret, rotateSecrets } from './secrets.ts'

/**
 * What became of one client. `stopped` is for the last ones: the caller lost its authority or the
 * store failed, and these clients were not looked at.
 */
export interface ChangeResult {
  readonly client_id: string
  readonly status: 'changed' | 'unchanged' | 'refused' | 'stopped'
  /** Of a rotation. */
  readonly secret_id?: string
  /** Of a rotation; null in a replay. */
  readonly client_secret?: string | null
  /** Why it was refused or stopped. */
  readonly error?: ChangeError
}

export interface ChangeError {
  readonly code: string
  readonly message: string
}

/** Null: the client is already as the change would leave it, and nothing was written. */
export type Changed = ClientView | Rotated | null

type Rotated = Omit<AddedSecret, 'client_secret'> & { readonly client_secret: string | null }

/**
 * @throws AdminError as the same change to one client; `conflict` also for tags that do not fit,
 *   and for a rotation of a client that has no secret.
 */
export async function changeOneOf(
  client_id: string,
  change: ManyChange,
  context: AdminContext<ClientStore>,
): Promise<Changed> {
  if (change.action === 'rotate') {
    const { label = 'rotated', overlap_seconds: overlapSeconds } = change
    return rotateSecrets(client_id, { label, overlapSeconds, onlyReplace: true }, context)
  }
  const edit = (current: Client): Client => {
    const needed = neededChange(current, change)
    if (needed === null) throw new AlreadySo()
    return withChange(current, needed, [], context.now())
  }
  try {
    return await changeClient(client_id, actionOf(effectOf(change)), edit, null, context)
  } catch (error) {
    if (error instanceof AlreadySo) return null
    throw error
  }
}

/** Thrown out of the unit of a change that has nothing to write. */
class AlreadySo extends Error {}

type EditingChange = Exclude<ManyChange, { action: 'rotate' }>

/** Which members it sets, whatever the client has. */
function effectOf(change: EditingChange): ClientChange {
  if ('tags' in change) return { tags: change.tags }
  return { status: change.action === 'disable' ? 'disabled' : 'active' }
}

/** What has to change in this client; null: nothing. */
function neededChange(current: Client, change: EditingChange): ClientChange | null {
  if (!('tags' in change)) {
    const { status } = effectOf(change)
    return status === current.status ? null : { status }
  }
  const tags =
    change.action === 'add_tags'
      ? [...new Set([...current.tags, ...change.tags])]
      : current.tags.filter((tag) => !change.tags.includes(tag))
  if (tags.length === current.tags.length) return null
  if (tags.length > MAX_TAGS) {
    throw new AdminError('conflict', `The client would have ${tags.length} tags, of ${MAX_TAGS}`)
  }
  return { tags }
}

/**
 * The change for each client, in order.
 *
 * @param one makes it for one client, under the context that it is given.
 * @param stop called with what ended the call after a client had been changed: what was done is
 *   returned nevertheless, since a secret that is not returned is lost.
 * @throws what ends the call before any client was changed: lost authority, a failure of the store.
 */
export async function changeEach(
  client_ids: Iterable<string>,
  context: AdminContext,
  one: (client_id: string, context: AdminContext) => Promise<Changed>,
  stop: (error: unknown) => ChangeError,
): Promise<ChangeResult[]> {
  const results: ChangeResult[] = []
  const { watched, wasCutOff } = watchAuthority(context)
  let stopped: ChangeError | null = null
  for (const client_id of client_ids) {
    if (stopped !== null) {
      results.push({ client_id, status: 'stopped', error: stopped })
      continue
    }
    // Each is a transaction: other requests run between two.
    await setImmediate()
    try {
      results.push(resultOf(client_id, await one(client_id, watched)))
    } catch (error) {
      if (error instanceof AdminError && !wasCutOff(error)) {
        const { code, message } = error
        results.push({ client_id, status: 'refused', error: { code, message } })
        continue
      }
      if (!results.some(({ status }) => status === 'changed')) throw error
      stopped = stop(error)
      results.push({ client_id, status: 'stopped', error: stopped })
    }
  }
  return results
}

function resultOf(client_id: string, changed: Changed): ChangeResult {
  if (changed === null) return { client_id, status: 'unchanged' }
  if (!('secret_id' in changed)) return { client_id, status: 'changed' }
  const { secret_id, client_secret } = changed
  return { client_id, status: 'changed', secret_id, client_secret }
}

/** Tells a refusal of the caller from a refusal of one client, which may have the same code. */
function watchAuthority(context: AdminContext): {
  readonly watched: AdminContext
  readonly wasCutOff: (error: unknown) => boolean
} {
  const { authority } = context
  if (authority === null) return { watched: context, wasCutOff: () => false }
  const lost = new Set<unknown>()
  const assert = (actor: never): void => {
    try {
      authority.assert(actor)
    } catch (error) {
      lost.add(error)
      throw error
    }
  }
  return {
    watched: { ...context, authority: { ...authority, assert } },
    wasCutOff: (error) => lost.has(error),
  }
}
