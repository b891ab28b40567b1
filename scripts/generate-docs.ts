/**
 * Writes docs/configuration.md from the table of settings, so that the page cannot say less or other
 * than the parser knows. `node scripts/generate-docs.ts` writes, the test beside it compares.
 */

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  CLIENT_SETTINGS,
  SERVER_SETTINGS,
  type Setting,
} from '../packages/cli/src/config/settings.ts'

export const CONFIGURATION_PAGE = fileURLToPath(
  new URL('../docs/configuration.md', import.meta.url),
)

export function configurationPage(): string {
  return `# Configuration

<!-- Written by scripts/generate-docs.ts from packages/cli/src/config/settings.ts. Edit there. -->

Settings are environment variables. Each one, \`X\`, may instead be given as \`X_FILE\`, the path of a file
that holds it; both at once is an error, and so is a \`MIOT_\` name that is not in these tables. A setting
set to nothing counts as not set.

## The server, and \`miot\` on the same machine

${settingsTable(SERVER_SETTINGS)}

## A client

What \`miot token get\`, \`miot track send\` and the last check of \`miot doctor\` use. The first run writes
exactly these to \`quickstart.env\` in the data directory, and the commands fall back to that file.

${settingsTable(CLIENT_SETTINGS)}
`
}

function settingsTable(settings: Readonly<Record<string, Setting>>): string {
  const rows = Object.entries(settings).map(
    ([name, setting]) => `| \`${name}\` | ${code(setting.default)} | ${setting.about} |`,
  )
  return ['| Setting | Default | What |', '|---|---|---|', ...rows].join('\n')
}

/** A default that is a value is set as code; one that is a description has its own marks or spaces. */
function code(text: string): string {
  return /[ `]/.test(text) || text === 'none' ? text : `\`${text}\``
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(CONFIGURATION_PAGE, configurationPage())
}
