/**
 * `GET /reference`: the OpenAPI documents, rendered by Swagger UI (ADR 38). All files come from
 * this server, and the page's policy allows no others. Nothing is read before it is requested.
 */

import { readFile } from 'node:fs/promises'
import { routeGroup, staticFile } from '@modulariot/platform/http'
import type { FastifyInstance } from 'fastify'

/** The files of the package that the page needs, with their media types. */
const FILES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
} as const

/**
 * Requests go to this server only; nothing inline runs. Swagger UI's styles contain data: images.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const PAGE_HEADERS = {
  'cache-control': 'public, max-age=300',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

/** @param admin whether the issuer's admin API is on this server, too. */
export function mountReference(app: FastifyInstance, admin: boolean): Promise<void> {
  const headers = { ...PAGE_HEADERS, 'content-security-policy': POLICY }
  return routeGroup(app, headers, (routes) => {
    const serve = (path: string, type: string, read: () => Promise<Buffer>) =>
      routes.get(path, staticFile(type, read))
    const html = 'text/html; charset=utf-8'
    serve('/reference', html, async () => pageOf('API and tokens', '/openapi.json', admin))
    if (admin) {
      const document = '/admin/v1/openapi.json'
      serve('/reference/admin', html, async () => pageOf('Admin API', document, admin))
    }
    for (const [name, type] of Object.entries(FILES)) {
      // Resolved only now, so that the server starts without the package.
      serve(`/reference/${name}`, type, () =>
        readFile(new URL(import.meta.resolve(`swagger-ui-dist/${name}`))),
      )
    }
    serve('/reference/page.css', FILES['swagger-ui.css'], async () => Buffer.from(STYLE))
    serve('/reference/page.js', FILES['swagger-ui-bundle.js'], async () => Buffer.from(SCRIPT))
  })
}

function pageOf(title: string, document: string, admin: boolean): Buffer {
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – ModularIoT reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/reference/swagger-ui.css">
<link rel="stylesheet" href="/reference/page.css">
</head>
<body>
<nav><a href="/">ModularIoT</a> <a href="/reference">API and tokens</a>${
    admin ? ' <a href="/reference/admin">Admin API</a>' : ''
  } <a href="${document}">OpenAPI document</a></nav>
<main id="reference" data-document="${document}"><noscript><p>Without JavaScript, read the <a href="${document}">OpenAPI document</a>.</p></noscript></main>
<script src="/reference/swagger-ui-bundle.js"></script>
<script src="/reference/page.js"></script>
</body>
</html>
`)
}

/** Where Swagger UI's own colours have less contrast than WCAG AA asks for, ours replace them. */
const STYLE = `body { margin: 0 }
nav { padding: 0.75rem 1.25rem; background: #1b1f24; font: 1rem/1.4 system-ui, sans-serif }
nav a { margin-right: 1.25rem; color: #fff }
.swagger-ui .scheme-container, .swagger-ui .authorization__btn { display: none }
.swagger-ui .opblock .opblock-summary-method { color: #080a0b; text-shadow: none }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #ff8a80 }
.swagger-ui .info .title small { background: #4d545e }
.swagger-ui .info .title small.version-stamp { background: #1d632e }
.swagger-ui .info a, .swagger-ui .info .link .url { color: #0b57d0 }
.swagger-ui .parameter__in, .swagger-ui .json-schema-2020-12-expand-deep-button { color: #505050 }
.swagger-ui .parameter__name.required span, .swagger-ui .parameter__name.required::after { color: #b00020 }
noscript p { padding: 0 1.25rem; font: 1rem/1.4 system-ui, sans-serif }
@media (prefers-color-scheme: dark) {
  :root { color-scheme: dark }
  body { color: #e4e6e6; background: #1c2022 }
  main a { color: #8ab8ff }
}
.dark-mode .swagger-ui .info a, .dark-mode .swagger-ui .info .link .url { color: #8ab8ff }
.dark-mode .swagger-ui .parameter__in, .dark-mode .swagger-ui .json-schema-2020-12-expand-deep-button { color: #b7bcbf }
.dark-mode .swagger-ui .parameter__name.required span, .dark-mode .swagger-ui .parameter__name.required::after { color: #ff8a80 }
.dark-mode .swagger-ui .examples-select__section-label, .dark-mode .swagger-ui td.header-col { color: #e4e6e6 }
`

/**
 * Swagger UI's dark styles belong to a class, not to a media query: the script that renders the
 * document sets it.
 *
 * No requests are sent from the page, so that no one pastes a secret into a browser. The validator
 * would send the document to another host.
 */
const SCRIPT = `const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()
const main = document.getElementById('reference')
SwaggerUIBundle({
  domNode: main,
  url: main.dataset.document,
  deepLinking: true,
  docExpansion: 'list',
  supportedSubmitMethods: [],
  validatorUrl: null,
  syntaxHighlight: { theme: 'tomorrow-night' },
})
`
