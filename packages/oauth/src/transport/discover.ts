/** Discovers the authorization server's metadata by its issuer alone (RFC 8414 §3). */

import { boundedText, discardBody, MAX_DOCUMENT_BYTES } from './bounded-text.ts'

/** The members of the document that are needed here; each may be missing. */
export interface DiscoveredMetadata {
  readonly token_endpoint: string | null
  readonly jwks_uri: string | null
  readonly modulariot_revocation_feed_uri: string | null
}

/** The document exists but is not valid metadata. A retry will not help soon. */
export class NotMetadata extends Error {
  override readonly name = 'NotMetadata'
}

/** The document is unavailable at the moment. */
export class MetadataUnavailable extends Error {
  override readonly name = 'MetadataUnavailable'
  /** HTTP status. */
  readonly status: number

  constructor(issuer: string, status: number) {
    super(`the metadata of ${issuer} answered ${status}`)
    this.status = status
  }
}

/**
 * @throws NotMetadata when the document is not the issuer's; MetadataUnavailable for any status but
 *   200; whatever `fetch` throws when the network fails.
 */
export async function discoverMetadata(
  issuer: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<DiscoveredMetadata> {
  let status = 0
  for (const url of metadataUrls(issuer)) {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal,
    })
    if (response.status === 200) {
      return readMetadata(await boundedText(response, MAX_DOCUMENT_BYTES), issuer, url)
    }
    discardBody(response)
    status = response.status
    if (status !== 404) break
  }
  throw new MetadataUnavailable(issuer, status)
}

/** RFC 8414 §3.1 puts the well-known part before the issuer's path; many servers put it after. */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const name = '/.well-known/oauth-authorization-server'
  return path === '' ? [`${origin}${name}`] : [`${origin}${name}${path}`, `${origin}${path}${name}`]
}

const MAX_FOUND_LENGTH = 200

/** A value from an untrusted document, for a message: short, and without invisible characters. */
function readable(value: unknown): string {
  const text = JSON.stringify(value).slice(0, MAX_FOUND_LENGTH)
  return text.replaceAll(/[^\x20-\x7e]/g, '?')
}

function readMetadata(text: string, issuer: string, url: string): DiscoveredMetadata {
  let value: unknown = null
  try {
    value = JSON.parse(text)
  } catch {}
  // RFC 8414 §3.3: the document must name the issuer it was requested for.
  if (typeof value !== 'object' || value === null || !('issuer' in value)) {
    throw new NotMetadata(`${url} is not authorization server metadata`)
  }
  const metadata: Record<string, unknown> = { ...value }
  if (metadata.issuer !== issuer) {
    const found = readable(metadata.issuer)
    throw new NotMetadata(`${url}: expected issuer "${issuer}", found ${found}; they must be equal`)
  }
  const member = (name: string) => (typeof metadata[name] === 'string' ? metadata[name] : null)
  return {
    token_endpoint: member('token_endpoint'),
    jwks_uri: member('jwks_uri'),
    modulariot_revocation_feed_uri: member('modulariot_revocation_feed_uri'),
  }
}
