/** A tenant as the key of a map; an environment is one word, so no two tenants have the same. */

import type { Tenant } from './store.ts'

export const tenantName = ({ org_id, environment }: Tenant): string => `${environment} ${org_id}`
