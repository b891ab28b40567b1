/** `miot serve` as it is installed, on either store, with the clients that will ask. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { freePort, runMiot } from '../../conformance/support/running-server.ts'
import { AUDIENCES, type BenchClient, SCOPE } from './clients.ts'

export type StoreKind = 'sqlite' | 'postgres'

export interface OurServer {
  readonly port: number
  readonly issuer: string
  readonly pid: number
  readonly clients: readonly BenchClient[]
  stop(): Promise<void>
}

const CLIENTS_OF_A_KIND = 1000

/** @param jwks public keys of the clients that sign: as many as have a secret. */
export async function startOurs(store: StoreKind, jwks: object): Promise<OurServer> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-bench-'))
  const postgres = store === 'postgres' ? await startPostgres() : null
  const port = await freePort()
  const env = {
    NODE_ENV: 'production',
    MIOT_DATA_DIR: folder,
    MIOT_PORT: String(port),
    MIOT_METRICS_PORT: String(await freePort()),
    ...(postgres !== null && { MIOT_DATABASE_URL: await postgres.createDatabase() }),
  }
  const server = await serve(env, join(folder, 'stderr.log'))
  return {
    port,
    issuer: `http://localhost:${port}`,
    pid: server.pid as number,
    clients: await makeClients(env, jwks),
    async stop() {
      const exited = once(server, 'exit')
      server.kill()
      await exited
      await postgres?.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** @param log where its log lines go; whoever read them here would take time from it. */
async function serve(env: Readonly<Record<string, string>>, log: string): Promise<ChildProcess> {
  const miot = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
  const server = spawn(process.execPath, [miot, 'serve'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', openSync(log, 'w')],
  })
  process.once('exit', () => server.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    let printed = ''
    server.once('exit', (code) => reject(new Error(`miot serve ended (${code}), see ${log}`)))
    server.stdout?.on('data', (text) => {
      printed += text
      if (printed.includes('listen on')) resolve()
    })
  })
  return server
}

async function makeClients(
  env: Readonly<Record<string, string>>,
  jwks: object,
): Promise<BenchClient[]> {
  const miot = async (args: readonly string[], input = ''): Promise<string> => {
    const { status, stdout, stderr } = await runMiot(args, { env, input })
    if (status !== 0) throw new Error(`miot ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  for (const [alg, audience] of Object.entries(AUDIENCES)) {
    await miot(['audiences', 'create', audience, '--alg', alg, '--scope', ...SCOPE.split(' ')])
  }
  const grants = Object.values(AUDIENCES).map((audience) => ({ audience }))
  const lines = [{}, { jwks }].flatMap((keys) =>
    Array.from({ length: CLIENTS_OF_A_KIND }, (_, index) =>
      JSON.stringify({ name: `Device ${index}`, grants, ...keys }),
    ),
  )
  const made = (await miot(['clients', 'import', '-'], lines.join('\n'))).trim().split('\n')
  return made.map((line) => {
    const { status, client, client_secret } = JSON.parse(line)
    if (status !== 'created') throw new Error(`not made: ${line}`)
    return { client_id: client.client_id, client_secret }
  })
}
