/** What the dialogs do, as commands. */

import type { Environment } from '../../api/people.ts'
import { curlOf, miotOf } from '../../ui/shell-words.ts'

export function createTwins(input: {
  readonly name: string
  readonly audience: string
  readonly environment: Environment
  readonly tags?: readonly string[]
  readonly external_id?: string
}) {
  const { name, audience, environment, tags = [], external_id } = input
  return {
    miot: miotOf(
      'clients',
      'create',
      '--name',
      name,
      ...(environment === 'production' ? ['--environment', 'production'] : []),
      '--audience',
      audience,
      ...tags.flatMap((tag) => ['--tag', tag]),
      ...(external_id ? ['--external-id', external_id] : []),
    ),
    curl: curlOf('POST', '/clients', {
      name,
      grants: [{ audience }],
      ...(tags.length > 0 && { tags }),
      ...(external_id && { external_id }),
    }),
  }
}
