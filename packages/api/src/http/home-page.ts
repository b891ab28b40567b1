/**
 * `GET /`: what runs here and the first commands to try. HTML for browsers, without assets of other
 * hosts; JSON for everyone else.
 */

import { hash } from 'node:crypto'
import { routeGroup } from '@modulariot/platform/http'
import type { FastifyInstance } from 'fastify'
import { PAGE_HEADERS } from './reference.ts'

export interface HomePageOptions {
  readonly issuer: string
  readonly baseUrl: string
  readonly audience: string
  /** Whether the console is on this server, at `/console/`. */
  readonly hasConsole?: boolean | undefined
}

export function mountHomePage(app: FastifyInstance, options: HomePageOptions): Promise<void> {
  const summary = summaryOf(options)
  const page = pageOf(options)
  const policy = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return routeGroup(app, { ...PAGE_HEADERS, vary: 'Accept' }, (routes) => {
    routes.get('/', async ({ headers }, reply) => {
      if (!prefersHtml(headers.accept ?? '')) return summary
      reply.header('content-security-policy', policy).type('text/html; charset=utf-8')
      return page
    })
  })
}

/**
 * True if HTML is named, and JSON is not preferred (RFC 9110 §12.5.1). A wildcard names neither.
 */
function prefersHtml(accept: string): boolean {
  const html = qualityOf('text/html', accept)
  return html > 0 && html >= qualityOf('application/json', accept)
}

/** 0: not named, or not accepted. */
function qualityOf(type: string, accept: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
    return Number(quality) || 0
  }
  return 0
}

function summaryOf({ issuer, baseUrl, hasConsole }: HomePageOptions) {
  return {
    name: 'ModularIoT Auth and ModularIoT API',
    login: `${issuer}/api/v1/login`,
    report: `${baseUrl}/v1/asset/track`,
    reference: `${baseUrl}/reference`,
    openapi: `${baseUrl}/openapi.json`,
    authorization_server: `${issuer}/.well-known/oauth-authorization-server`,
    ...(hasConsole && { console: `${baseUrl}/console/` }),
    ready: `${baseUrl}/readyz`,
  }
}

function pageOf({ issuer, baseUrl, audience, hasConsole }: HomePageOptions): string {
  const toConsole = hasConsole
    ? '<li><a href="/console/">Console</a>: sign in, manage applications, see them report</li>\n'
    : ''
  const steps = [
    [
      'Log in, with the credentials of the first start. They are in <code>quickstart.env</code> in the data directory: <code>. data/quickstart.env</code>',
      `TOKEN=$(curl -sS ${issuer}/api/v1/login \\
  -d grant_type=client_credentials \\
  -d client_id="$MIOT_CLIENT_ID" -d client_secret="$MIOT_CLIENT_SECRET" \\
  --data-urlencode audience=${audience} \\
  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    ],
    [
      'Report',
      `curl -sS ${baseUrl}/v1/asset/track \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -H "X-Request-Id: $(date +%s)" -H "X-Request-Timestamp: $(date +%s)" \\
  -d '{"asset_id": "TRUCK-001", "timestamp": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'"}'`,
    ],
    ['Read it back', `curl -sS ${baseUrl}/v1/assets/TRUCK-001 -H "Authorization: Bearer $TOKEN"`],
  ] as const
  const items = steps.map(
    ([about, command]) => `<li>${about}\n<pre><code>${escaped(command)}</code></pre></li>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ModularIoT</title>
<style>${STYLE}</style>
</head>
<body>
<h1>ModularIoT</h1>
<p>ModularIoT Auth issues tokens to machines; ModularIoT API stores what they report. This server runs both.</p>
<ol>
${items.join('\n')}
</ol>
<ul>
${toConsole}<li><a href="/reference">Reference</a> of all requests, or their <a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/.well-known/oauth-authorization-server">Metadata</a> for OAuth clients</li>
<li><a href="/readyz">Readiness</a> of this server</li>
<li>The documentation is in <code>docs</code> and <code>README.md</code> of the installation</li>
</ul>
</body>
</html>
`
}

const STYLE = `body { max-width: 60rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff }
pre { overflow-x: auto; padding: 0.75rem; background: #f3f4f6 }
a { color: #0b57d0 }
@media (prefers-color-scheme: dark) {
  :root { color-scheme: dark }
  body { color: #e4e6e6; background: #1c2022 }
  pre { background: #0d1014 }
  a { color: #8ab8ff }
}
`

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** For text and quoted attributes. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}
