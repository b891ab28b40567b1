/** Registers the clients of the load, as an operator would. */

import type { OurServer } from '../support/our-server.ts'
import { AUDIENCES, type BenchClient, SCOPE } from './clients.ts'

const CLIENTS_PER_KIND = 1000

/** @param jwks public keys of the clients that sign: as many as have a secret. */
export async function makeClients(
  { miot }: Pick<OurServer, 'miot'>,
  jwks: object,
): Promise<BenchClient[]> {
  for (const [alg, audience] of Object.entries(AUDIENCES)) {
    await miot(['audiences', 'create', audience, '--alg', alg, '--scope', ...SCOPE.split(' ')])
  }
  const grants = Object.values(AUDIENCES).map((audience) => ({ audience }))
  const lines = [{}, { jwks }].flatMap((keys) =>
    Array.from({ length: CLIENTS_PER_KIND }, (_, index) =>
      JSON.stringify({ name: `Device ${index}`, grants, ...keys }),
    ),
  )
  const printed = await miot(['clients', 'import', '-'], lines.join('\n'))
  // The last line is the summary.
  const made = printed.trim().split('\n').slice(0, -1)
  return made.map((line) => {
    const { status, client, client_secret } = JSON.parse(line)
    if (status !== 'created') throw new Error(`not created: ${line}`)
    return { client_id: client.client_id, client_secret }
  })
}
