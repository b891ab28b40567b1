/**
 * How many tokens per second with keys in the store, with the example signer, and with a PKCS#11
 * token in software (SoftHSM), in turn in the same rounds. The server and its signer share a core;
 * the load generator has the other. Then what verifying a signature costs.
 */

import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installSigner, makeToken, SOFTHSM } from '../conformance/support/softhsm.ts'
import { whatIsMissing } from '../conformance/support/toolchain.ts'
import type { BenchClient } from './issue/clients.ts'
import { makeClients } from './issue/make-clients.ts'
import { assertRightAnswer, loadOf, ROWS } from './issue/rows.ts'
import { LOAD_CORE, pinThisProcess, SERVER_CORE, startChild } from './support/child.ts'
import type { Load, LoadResult } from './support/load.ts'
import { measureServer } from './support/measure-server.ts'
import { ROUND_OPTIONS } from './support/options.ts'
import { type OurServer, startOurs } from './support/our-server.ts'
import type { Sample } from './support/report.ts'
import { print } from './support/results.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/signers/directory.ts', import.meta.url))
const PATH = '/oauth2/token'
const WARM_UP_SECONDS = 4

interface Contender {
  readonly name: string
  readonly server: OurServer
  readonly clients: readonly BenchClient[]
}

export async function signer(): Promise<void> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: ROUND_OPTIONS })
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'miot-bench-signer-'))
  opened.defer(() => rmSync(folder, { recursive: true }))
  const settings: Record<string, Readonly<Record<string, string>>> = {
    store: {},
    'example signer': {
      MIOT_SIGNER_COMMAND: `${process.execPath} ${EXAMPLE} ${join(folder, 'keys')}`,
    },
  }
  if ((await whatIsMissing(SOFTHSM)) === false) {
    await installSigner()
    settings.SoftHSM = makeToken(folder).settings
  }
  pinThisProcess(SERVER_CORE)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const contenders: Contender[] = []
  for (const [name, own] of Object.entries(settings)) {
    const server = await startOurs('sqlite', false, own)
    opened.defer(() => server.stop())
    const clients = await makeClients(server, { keys: [publicKey.export({ format: 'jwk' })] })
    contenders.push({ name, server, clients })
  }
  const generator = startChild<Load, LoadResult>(
    new URL('./support/load-generator.ts', import.meta.url),
    LOAD_CORE,
  )
  opened.defer(() => generator.stop())

  async function run(row: (typeof ROWS)[number], { server, clients }: Contender, time: number) {
    const target = { issuer: server.issuer, path: PATH }
    const load = await loadOf(row, target, clients, privateKey, 0)
    return measureServer(generator, server.pids, { ...load, port: server.port, seconds: time })
  }
  for (const row of ROWS.filter(({ proof, status }) => proof === 'secret' && status === 200)) {
    const samples = new Map<Contender, Sample[]>()
    for (const contender of contenders) {
      const warm = await run(row, contender, WARM_UP_SECONDS)
      assertRightAnswer(row, contender.name, warm.result.sample)
      samples.set(contender, [])
    }
    print(
      `${row.name} (load average ${loadavg()[0]?.toFixed(1)}); verifying: ${verifyMicros(row.alg)} µs`,
    )
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        samples.get(contender)?.push((await run(row, contender, seconds)).sample)
      }
    }
    for (const [{ name }, own] of samples) {
      const middle = (of: (sample: Sample) => number) =>
        own.map(of).sort((a, b) => a - b)[Math.floor(own.length / 2)] ?? Number.NaN
      print(
        `  ${name.padEnd(16)} ${Math.round(middle((one) => one.perSecond))} tokens/s, ` +
          `CPU of the server ${Math.round(middle((one) => one.cpuMicros))} µs, ` +
          `p50 ${middle((one) => one.p50Ms).toFixed(1)} ms, p99 ${middle((one) => one.p99Ms).toFixed(1)} ms`,
      )
    }
  }
}

const VERIFICATIONS = 5000

/** Of the bytes of a usual token, on this core. */
function verifyMicros(alg: 'RS256' | 'ES256' | 'EdDSA'): number {
  const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519')
  const digest = alg === 'EdDSA' ? null : 'sha256'
  const input = Buffer.alloc(700, 'x')
  const signature = sign(digest, input, privateKey)
  const began = process.cpuUsage()
  for (let done = 0; done < VERIFICATIONS; done++) verify(digest, input, publicKey, signature)
  const { user, system } = process.cpuUsage(began)
  return Math.round((user + system) / VERIFICATIONS)
}
