/**
 * ModularIoT API, read with a token of minutes. The token is kept in this module's memory alone:
 * neither in storage nor in the page. Erasing takes another token, which is not kept at all.
 */

import { type Admin, dataOf, type Place } from './admin.ts'
import { Refusal, send } from './refusal.ts'

interface Held {
  readonly token: string
  /** Milliseconds. */
  readonly until: number
}

const held = new Map<string, Promise<Held>>()
/** A token that ends sooner than this is replaced before it is used. */
const MARGIN_MS = 30_000

/** Ends with the session. */
export function forgetTokens(): void {
  held.clear()
}

async function tokenOf(place: Place, admin: Admin): Promise<string> {
  const key = `${place.org_id} ${place.environment}`
  const known = await held.get(key)?.catch(() => null)
  if (known && known.until - MARGIN_MS > Date.now()) return known.token
  const fetched = dataOf(admin.POST('/admin/v1/telemetry-tokens')).then(
    ({ access_token, expires_in }) => ({
      token: access_token,
      until: Date.now() + expires_in * 1000,
    }),
  )
  held.set(key, fetched)
  try {
    return (await fetched).token
  } catch (error) {
    held.delete(key)
    throw error
  }
}

/** GET of ModularIoT API; a refused token is replaced once. */
export async function requestTelemetry(
  path: string,
  place: Place,
  admin: Admin,
  { headers, ...rest }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const request = async (): Promise<Response> => {
    const authorization = `Bearer ${await tokenOf(place, admin)}`
    return send(path, { ...rest, headers: { ...headers, authorization } })
  }
  try {
    return await request()
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error
    forgetTokens()
    return request()
  }
}

export async function readTelemetry<Value>(
  path: string,
  place: Place,
  admin: Admin,
): Promise<Value> {
  return (await requestTelemetry(path, place, admin)).json()
}

/** Ends once the asset's rows are gone, which takes minutes for a large one. */
export async function eraseTelemetry(
  path: string,
  admin: Admin,
): Promise<{ readonly asset_id: string; readonly compacted: boolean }> {
  const { access_token } = await dataOf(admin.POST('/admin/v1/erasure-tokens'))
  const headers = { authorization: `Bearer ${access_token}` }
  return (await send(path, { method: 'DELETE', headers })).json()
}
