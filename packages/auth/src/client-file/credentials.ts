/** Credentials as lines of CSV (RFC 4180): shown once, so that they go to a file. */

import { csvLine } from '@modulariot/platform/csv-line'
import type { ClientView } from '../records/client.ts'

export const CREDENTIALS_HEADER =
  'line,external_id,name,client_id,client_secret,audience,grant_type,token_url\r\n'

export interface NewCredentials {
  readonly line: number
  readonly client: Pick<ClientView, 'external_id' | 'name' | 'client_id' | 'grants'>
  /** Null for a client with keys of its own. */
  readonly client_secret: string | null
  readonly token_url: string
}

export function credentialsLine(credentials: NewCredentials): string {
  const { line, client, client_secret, token_url } = credentials
  return csvLine([
    String(line),
    client.external_id ?? '',
    client.name,
    client.client_id,
    client_secret ?? '',
    client.grants[0]?.audience ?? '',
    'client_credentials',
    token_url,
  ])
}
