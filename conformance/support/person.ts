/** A person with a session, as a browser has it on our own pages. */

import type { Answer, Connection } from './connection.ts'
import type { RunningServer } from './running-server.ts'

export interface Person {
  /** The `Cookie` header. */
  readonly cookie: string
  readonly person_id: string
  /** Of the first organization. */
  readonly org_id: string
  /** @param headers in addition to those of a browser; `path` below the server's URL. */
  send(
    method: string,
    path: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
}

export const PASSWORD = 'a long enough passphrase'

interface Session {
  readonly person: { readonly person_id: string }
  readonly organizations: readonly { readonly org_id: string }[]
}

/** Signs up: as the first account of a server on loopback, or with an invitation. */
export async function signUp(
  { url }: Pick<RunningServer, 'url'>,
  connection: Connection,
  input: {
    readonly email: string
    readonly invitation?: string
    readonly setup_code?: string
  },
): Promise<Person> {
  const body = { name: 'Test', password: PASSWORD, ...input }
  const headers = browserHeaders(url, '')
  const answer = await connection.send({
    ...{ method: 'POST', path: '/people/v1/sign-up', headers },
    body: JSON.stringify(body),
  })
  if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.text}`)
  const session = answer.json() as unknown as Session
  const cookie = (answer.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ')
  return {
    cookie,
    person_id: session.person.person_id,
    org_id: session.organizations[0]?.org_id as string,
    send: personOf(url, connection, cookie),
  }
}

/** Requests with a session that exists. */
export function personOf(url: string, connection: Connection, cookie: string): Person['send'] {
  return (method, path, body, headers = {}) =>
    connection.send({
      ...{ method, path, headers: { ...browserHeaders(url, cookie, method), ...headers } },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
}

/** `Origin` comes with everything but a GET. */
function browserHeaders(url: string, cookie: string, method = 'POST'): Record<string, string> {
  return {
    'content-type': 'application/json',
    'sec-fetch-site': 'same-origin',
    ...(method !== 'GET' && { origin: url }),
    ...(cookie !== '' && { cookie }),
  }
}
