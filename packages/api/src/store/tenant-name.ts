/** A tenant as a map key. It is unique because an environment contains no space. */

import type { Tenant } from './store.ts'

export const tenantName = ({ org_id, environment }: Tenant): string => `${environment} ${org_id}`
