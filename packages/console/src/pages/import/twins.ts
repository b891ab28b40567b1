/** The import as commands. */

import type { Environment } from '../../api/people.ts'
import { miotOf, word } from '../../ui/shell-words.ts'

export function importTwins(environment: Environment) {
  const miot = (...options: string[]) =>
    miotOf(
      ...['clients', 'import', 'clients.csv'],
      ...(environment === 'production' ? ['--environment', environment] : []),
      ...options,
    )
  const curl = (query: string) =>
    [
      `curl -sS -X POST ${word(`${location.origin}/admin/v1/clients/bulk${query}`)}`,
      '  -H "Authorization: Bearer $TOKEN"',
      "  -H 'Content-Type: application/x-ndjson'",
      '  --data-binary @clients.ndjson',
    ].join(' \\\n')
  return {
    miot: `${miot('--dry-run')}\n${miot('--out', 'credentials.csv')}`,
    curl: `${curl('?dry_run=true')}\n${curl('')}`,
  }
}
