/** What the four APIs share: one verifier, made once, and what it tells clients about themselves. */

import { protectedResourceMetadata, protectedResourceMetadataUrl } from '@modulariot/oauth/protocol'
import { createVerifier } from '@modulariot/oauth/resource-server'

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name}`)
  return value
}

const issuer = required('MIOT_ISSUER')
/** The API these tokens must be for: its URL, as clients reach it. */
const audience = required('MIOT_AUDIENCE')
export const SCOPE = 'asset:track:write'

/** Where a client that was refused learns who gives tokens for this API (RFC 9728). */
const resource_metadata = protectedResourceMetadataUrl(audience)
export const METADATA_PATH = new URL(resource_metadata).pathname
export const METADATA = protectedResourceMetadata(audience, issuer, [SCOPE])

/** It finds the issuer's keys by itself, at the first token. */
export const verifier = createVerifier({ issuer, audience, resource_metadata })
