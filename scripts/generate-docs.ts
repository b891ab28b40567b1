/**
 * Writes docs/configuration.md from the table of settings, and the Postman collection from the
 * table of endpoints, so that they match the code. `node scripts/generate-docs.ts` writes them; the
 * test beside it compares.
 */

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apiOpenApi } from '../packages/api/src/http/openapi.ts'
import type { SettingTable } from '../packages/cli/src/config/setting.ts'
import { CLIENT_SETTINGS, SERVER_SETTINGS } from '../packages/cli/src/config/settings.ts'
import { postmanCollection } from './postman-collection.ts'

/** The generated files, by path from the root. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  'docs/configuration.md': configurationPage,
  'docs/modulariot-api.postman_collection.json': postmanPage,
}

export function generatedPath(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url))
}

function postmanPage(): string {
  const document = apiOpenApi({
    baseUrl: '{{baseUrl}}',
    issuer: '{{baseUrl}}',
    validation: 'strict',
  })
  return `${JSON.stringify(postmanCollection(document), null, 2)}\n`
}

function configurationPage(): string {
  return `# Configuration

<!-- Written by scripts/generate-docs.ts from packages/cli/src/config/settings.ts. Edit there. -->

Settings are environment variables. Each one, \`X\`, may instead be given as \`X_FILE\`, the path of a file
that holds it; both at once is an error, and so is a \`MIOT_\` name that is not in these tables. A setting
set to nothing counts as not set.

## The server, and \`miot\` on the same machine

${settingsTable(SERVER_SETTINGS)}

## A client

What \`miot token get\`, \`miot track send\` and the last checks of \`miot doctor\` use. The first run writes
exactly these to \`quickstart.env\` in the data directory, and the commands fall back to that file. The client
and secret in it are sent only to the server it names ([ADR 30](adr/0030-what-clients-trust.md)).

${settingsTable(CLIENT_SETTINGS)}
`
}

function settingsTable(settings: SettingTable): string {
  const rows = Object.values(settings).map((setting) => {
    const initial = setting.default === undefined ? setting.unset : `\`${setting.default}\``
    return `| \`${setting.name}\` | ${initial} | ${setting.about} |`
  })
  return ['| Setting | Default | What |', '|---|---|---|', ...rows].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, content] of Object.entries(GENERATED)) {
    writeFileSync(generatedPath(name), content())
  }
}
