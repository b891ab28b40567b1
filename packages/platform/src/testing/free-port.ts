/** Ports for servers of tests. */

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file for each port that a process of this user has chosen. */
const CLAIMS = join(tmpdir(), `miot-ports-${process.getuid?.() ?? ''}`)

const claimed = new Set<string>()
process.once('exit', () => {
  for (const path of claimed) rmSync(path, { force: true })
})

/**
 * A port below the ephemeral ones, which no other test takes while this process lives, not even
 * while its server restarts.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    if (!claim(port)) continue
    const probe = createServer().listen(port, '127.0.0.1')
    const free = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    probe.close()
    if (free) return port
  }
}

/** A process that was killed leaves its claims, of which there is room for thousands. */
function claim(port: number): boolean {
  const path = join(CLAIMS, String(port))
  mkdirSync(CLAIMS, { recursive: true })
  try {
    writeFileSync(path, '', { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  claimed.add(path)
  return true
}
