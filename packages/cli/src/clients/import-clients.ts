/** `miot clients import`: creates many clients from a file, one per line. */

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseLine } from '@modulariot/auth'
import type { NewClientTenant } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'

/** Clients per transaction. */
const IMPORT_BATCH = 500

/** NDJSON in and out: one line per client, in order, with the secret of each new client. */
export async function importClients(
  context: Context,
  file: string,
  tenant: NewClientTenant,
): Promise<void> {
  await withAdmin(context, async (admin) => {
    let lines: unknown[] = []
    const flush = async (): Promise<void> => {
      if (lines.length === 0) return
      for (const result of await admin.createClients(lines, tenant)) {
        if (result.status === 'stopped') throw new CliError('auth', result.message)
        context.output.jsonLine(result)
      }
      lines = []
    }
    for await (const line of createInterface({ input: openInput(file) })) {
      if (line.trim() !== '') lines.push(parseLine(line))
      if (lines.length === IMPORT_BATCH) await flush()
    }
    await flush()
  })
}

function openInput(file: string): NodeJS.ReadableStream {
  return file === '-' ? process.stdin : createReadStream(file)
}
