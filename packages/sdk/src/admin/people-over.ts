/** The organization, its members and the keys over a transport: methods, paths and bodies. */

import { segment } from '../request/urls.ts'
import type { CallOptions } from './call-options.ts'
import { listIn } from './entries.ts'
import type { PeopleAdmin } from './people-admin.ts'
import type {
  CreatedInvitation,
  Invitation,
  Member,
  Organization,
  SigningKey,
} from './people-records.ts'
import type { AdminCall, AdminTransport } from './transport.ts'

export function peopleOver({ send }: AdminTransport): PeopleAdmin {
  const ask = async <Body>(
    method: AdminCall['method'],
    path: string,
    { signal }: CallOptions = {},
    body?: object,
  ): Promise<Body> => (await send({ method, path, headers: {}, body, signal })).body as Body
  const memberPath = (id: string): string => `/members/${segment('person_id', id)}`
  return {
    organization: {
      get: (options) => ask<Organization>('GET', '/organization', options),
      rename: (name, options) => ask<Organization>('PATCH', '/organization', options, { name }),
    },
    members: {
      list: async (options) =>
        listIn(await ask<{ members: Member[] }>('GET', '/members', options), 'members'),
      changeRole: async (id, role, options) =>
        ask<Member>('PATCH', memberPath(id), options, { role }),
      remove: async (id, options) => ask<Member>('DELETE', memberPath(id), options),
    },
    invitations: {
      list: async (options) => {
        const answer = await ask<{ invitations: Invitation[] }>('GET', '/invitations', options)
        return listIn(answer, 'invitations')
      },
      create: (invitation, options) =>
        ask<CreatedInvitation>('POST', '/invitations', options, invitation),
      revoke: async (id, options) =>
        ask<Invitation>('DELETE', `/invitations/${segment('invitation_id', id)}`, options),
    },
    keys: {
      list: async (options) =>
        listIn(await ask<{ keys: SigningKey[] }>('GET', '/keys', options), 'keys'),
    },
  }
}
