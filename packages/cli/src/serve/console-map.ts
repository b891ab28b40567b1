/**
 * The map below the assets of the console: a PMTiles archive of the operator's, where one is set.
 */

import { open } from 'node:fs/promises'
import { type Application, rangedFile, routeGroup, staticDocument } from '@modulariot/platform/http'
import { CliError } from '../errors/cli-error.ts'
import { CONSOLE_HEADERS } from './console-site.ts'

const ARCHIVE = '/console/map.pmtiles'
/** The first bytes of PMTiles, version 3. */
const SIGNATURE = 'PMTiles\u0003'

/**
 * `GET /console/map.json` says which archive there is, `null` for none; the page reads it by
 * ranges.
 *
 * @param path of the archive, or null.
 * @throws CliError when it is not one that can be read.
 */
export async function consoleMap(path: string | null): Promise<Application> {
  if (path !== null) await assertArchive(path)
  return {
    name: 'console map',
    mount: (app) =>
      routeGroup(app, CONSOLE_HEADERS, (routes) => {
        const document = staticDocument(() => ({ archive: path === null ? null : ARCHIVE }))
        routes.get('/console/map.json', (request, reply) =>
          document(request, reply.header('cache-control', 'no-cache')),
        )
        if (path !== null) routes.get(ARCHIVE, rangedFile(path, 'application/vnd.pmtiles'))
      }),
  }
}

async function assertArchive(path: string): Promise<void> {
  const refuse = (what: string): never => {
    throw new CliError('usage', `MIOT_CONSOLE_MAP: ${path} ${what}`)
  }
  try {
    await using file = await open(path)
    const { buffer } = await file.read({ buffer: Buffer.alloc(SIGNATURE.length), position: 0 })
    if (buffer.toString('latin1') !== SIGNATURE) refuse('is no PMTiles archive of version 3')
  } catch (error) {
    if (error instanceof CliError) throw error
    refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
