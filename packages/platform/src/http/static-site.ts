/**
 * An application of files: a page with its scripts and styles, built before the server starts.
 *
 * Files are found in a table made when the application is mounted, so no path of a request reaches
 * the file system. Each is read for the first request and then kept, with its compressed form.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Application } from './application.ts'
import { routeGroup } from './route-group.ts'
import { type Coded, codedOf, sendCoded } from './static-document.ts'

export interface StaticSiteOptions {
  readonly name: string
  /** Where the site is mounted: `/console/`. */
  readonly below: `/${string}/`
  /** Directory of the built files; a file may have a compressed form beside it, `<name>.gz`. */
  readonly folder: string
  /** The folder, within `folder`, of files whose names change with their contents. */
  readonly immutable: string
  /** Sent with every answer. */
  readonly headers: Readonly<Record<string, string>>
  /** Paths that lead to the site, with the path below it: `/signup` to `sign-up`. */
  readonly redirects: Readonly<Record<string, string>>
  /** Answered with 503 when the folder holds no built page. */
  readonly missing: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const ENTRY = 'index.html'
const IMMUTABLE = 'public, max-age=31536000, immutable'
/** The entry names the current files: a browser asks each time whether it has changed. */
const REVALIDATED = 'no-cache'

/** Paths without a file are pages of the site, answered with its entry: `index.html`. */
export function staticSite(options: StaticSiteOptions): Application {
  const { name, below, headers, redirects } = options
  return {
    name,
    async mount(app) {
      await routeGroup(app, headers, (routes) => {
        mountFiles(routes, options)
        for (const [from, to] of Object.entries(redirects)) {
          routes.get(from, (_request, reply) => reply.redirect(`${below}${to}`, 302))
        }
      })
    },
  }
}

function mountFiles(routes: FastifyInstance, options: StaticSiteOptions): void {
  const { below, folder, immutable, missing } = options
  const files = filesOf(folder)
  if (!files.has(ENTRY)) {
    routes.get(`${below}*`, (_request, reply) => unavailable(reply, missing))
    return
  }
  routes.get(`${below}*`, (request, reply) => {
    const path = (request.params as { '*': string })['*']
    const file = files.get(path)
    const isBuilt = path.startsWith(`${immutable}/`)
    if (file === undefined && (isBuilt || isFileName(path))) return refuse(reply)
    const loaded = (file ?? (files.get(ENTRY) as SiteFile)).load()
    if (loaded === null) return unavailable(reply, missing)
    const { coded, type } = loaded
    reply.header('cache-control', isBuilt ? IMMUTABLE : REVALIDATED)
    return sendCoded(coded, type, request, reply)
  })
}

/** Pages have names without a dot, but the names of assets in their paths may have one. */
function isFileName(path: string): boolean {
  const folders = path.split('/')
  const name = folders.pop() ?? ''
  if (path.includes('\\') || folders.some((part) => /^\.*$/.test(part))) return true
  return folders.length === 0 ? name.includes('.') : /^\.+$/.test(name)
}

function refuse(reply: FastifyReply): FastifyReply {
  reply.code(404).header('cache-control', 'no-store').type('text/plain; charset=utf-8')
  return reply.send('There is no such file\n')
}

function unavailable(reply: FastifyReply, missing: string): FastifyReply {
  reply.code(503).header('cache-control', 'no-store').type('text/plain; charset=utf-8')
  return reply.send(`${missing}\n`)
}

interface Loaded {
  readonly coded: Coded
  readonly type: string
}

interface SiteFile {
  /** Null when the site was built again since the server started. */
  load(): Loaded | null
}

/** The files that a browser may ask for, by their path within the folder. */
function filesOf(folder: string): ReadonlyMap<string, SiteFile> {
  const names = existsSync(folder) ? readdirSync(folder, { encoding: 'utf8', recursive: true }) : []
  const files = new Map<string, SiteFile>()
  for (const name of names) {
    const type = TYPES[extname(name)]
    if (type !== undefined)
      files.set(name.replaceAll('\\', '/'), siteFile(join(folder, name), type))
  }
  return files
}

function siteFile(path: string, type: string): SiteFile {
  let loaded: Loaded | null = null
  return {
    load() {
      if (loaded !== null || !existsSync(path)) return loaded
      const compressed = `${path}.gz`
      const body = readFileSync(path)
      const gzip = existsSync(compressed) ? readFileSync(compressed) : null
      loaded = { coded: codedOf(body, gzip), type }
      return loaded
    },
  }
}
