/** The headers with which a person chooses organization and environment. */

import type { IncomingHttpHeaders } from 'node:http'
import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { AdminError, invalidInput } from '../../errors/admin-error.ts'
import type { Tenant } from '../../records/client.ts'
import type { MemberLookup } from '../../store/ports/members.ts'

const ORGANIZATION = 'miot-organization'
const ENVIRONMENT = 'miot-environment'

/** A repeated header arrives joined by a comma, which no id has. */
const ORG_ID = /^[\w-]{1,64}$/

/**
 * The tenant that a person's request names. Whether the person is a member, and what its role
 * allows, is not checked here.
 *
 * @throws AdminError naming what to send.
 */
export async function chosenTenant(
  headers: IncomingHttpHeaders,
  person_id: string,
  store: MemberLookup,
): Promise<Tenant> {
  const environment = chosenEnvironment(headers)
  const org_id = headers[ORGANIZATION]
  if (org_id === undefined) return { org_id: await onlyOrganization(person_id, store), environment }
  if (typeof org_id === 'string' && ORG_ID.test(org_id)) return { org_id, environment }
  throw invalidInput('Miot-Organization must be the id of one organization')
}

function chosenEnvironment(headers: IncomingHttpHeaders): Environment {
  const { [ENVIRONMENT]: named = 'development' } = headers
  const environment = ENVIRONMENTS.find((one) => one === named)
  if (environment !== undefined) return environment
  throw invalidInput(`Miot-Environment must be ${ENVIRONMENTS.join(' or ')}`)
}

async function onlyOrganization(person_id: string, store: MemberLookup): Promise<string> {
  const [first, ...others] = await store.listMemberships(person_id)
  if (first === undefined) {
    throw new AdminError('forbidden', 'You are not a member of an organization')
  }
  if (others.length === 0) return first.org_id
  throw invalidInput('You have several organizations: name one in Miot-Organization')
}

/**
 * A token belongs to one tenant: the headers may repeat it, and change nothing.
 *
 * @throws AdminError when they name another.
 */
export function assertTenantOfToken(
  headers: IncomingHttpHeaders,
  { org_id, environment }: Tenant,
): void {
  const { [ORGANIZATION]: organization = org_id, [ENVIRONMENT]: named = environment } = headers
  if (organization === org_id && named === environment) return
  throw invalidInput('Miot-Organization and Miot-Environment must be those of the access token')
}
