/** The console, the page in packages/console, as an application of the server. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Application, staticSite } from '@modulariot/platform/http'

/** No `unsafe-inline`: an injected script or style does not run. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const CONSOLE_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

/** @param folder of the built page; default: that of packages/console. */
export function consoleSite(folder = builtConsole()): Application {
  return staticSite({
    name: 'console',
    below: '/console/',
    folder,
    immutable: 'assets',
    headers: CONSOLE_HEADERS,
    redirects: { '/console': '', '/signup': 'sign-up' },
    missing:
      'The console is not built, or was built again. Run `npm run build`, then start the server again.',
  })
}

function builtConsole(): string {
  const manifest = fileURLToPath(import.meta.resolve('@modulariot/console/package.json'))
  return join(manifest, '..', 'dist')
}
