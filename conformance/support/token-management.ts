/** Introspecting and revoking a token: RFC 7009 and RFC 7662. */

import type { Answer, Connection } from './connection.ts'
import { asForm, type Message } from './token-requests.ts'

/** The properties of a client that are needed here. */
export interface AddressedClient {
  readonly client_id: string
  readonly client_secret: string
}

export function post(
  connection: Connection,
  endpoint: 'revoke' | 'introspect',
  message: Message,
): Promise<Answer> {
  return connection.send({ path: `/oauth2/${endpoint}`, ...message })
}

export function revoke(
  connection: Connection,
  { client_id, client_secret }: AddressedClient,
  token: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  return post(connection, 'revoke', asForm({ client_id, client_secret, token, ...more }))
}

export function introspect(
  connection: Connection,
  { client_id, client_secret }: AddressedClient,
  token: string,
): Promise<Answer> {
  return post(connection, 'introspect', asForm({ client_id, client_secret, token }))
}
