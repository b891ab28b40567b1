/** Runs one program against the installation, and judges what it did. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { environmentWithoutSettings } from '../support/environment.ts'
import { report, reportHeaders } from '../support/track-requests.ts'
import type { Attempt, LibraryTest } from './clients.ts'
import type { Installation } from './installation.ts'

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A Spring application starts within it on a busy machine. */
const RUN_TIMEOUT_MS = 120_000
const REQUEST_TIMEOUT_MS = 30_000

/** @returns null if the attempt works, or what went wrong, without secrets. */
export async function runAttempt(
  installation: Installation,
  test: LibraryTest,
  attempt: Attempt,
  cwd: string,
): Promise<string | null> {
  try {
    await JUDGES[test.kind](installation, test, attempt, cwd)
    return null
  } catch (error) {
    return withoutSecrets(installation, error instanceof Error ? error.message : String(error))
  }
}

type Judge = (
  installation: Installation,
  test: LibraryTest,
  attempt: Attempt,
  cwd: string,
) => Promise<void>

/** Each throws what is wrong. */
const JUDGES: Readonly<Record<LibraryTest['kind'], Judge>> = {
  async token(installation, test, attempt, cwd) {
    const asset = assetOf(test)
    const [token = ''] = await linesOf(installation, test, attempt, cwd, { ASSET_ID: asset })
    await track(installation, token, asset)
    await assertReported(installation, asset)
  },
  async report(installation, test, attempt, cwd) {
    const asset = assetOf(test)
    await linesOf(installation, test, attempt, cwd, { ASSET_ID: asset })
    await assertReported(installation, asset)
  },
  async renewal(installation, test, attempt, cwd) {
    const asset = assetOf(test)
    const tokens = await linesOf(installation, test, attempt, cwd, { ASSET_ID: asset })
    const distinct = new Set(tokens).size
    if (distinct < 2) throw new Error(`${distinct} tokens: it did not renew`)
    await track(installation, tokens.at(-1) as string, asset)
    await assertReported(installation, asset)
  },
  async verifier(installation, test, attempt, cwd) {
    const { audience, good, bad } = await installation.tokensToVerify(test.typ ?? 'at+jwt')
    const input = [good, ...Object.values(bad)].map((token) => `${token}\n`).join('')
    const settings = { MIOT_AUDIENCE: audience }
    const { lines, stderr } = await outputOf(installation, test, attempt, cwd, settings, input)
    const whats = ['the good token', ...Object.keys(bad).map((what) => `one ${what}`)]
    const wrong = whats.flatMap((what, index) => {
      const expected = index === 0 ? 'accept' : 'refuse'
      return lines[index] === expected ? [] : [`${lines[index] ?? 'says nothing'}: ${what}`]
    })
    if (wrong.length > 0) throw new Error(`${wrong.join('; ')}\n${stderr}`)
  },
}

function assetOf({ name }: LibraryTest): string {
  return `${name}-${randomUUID()}`
}

async function linesOf(...args: Parameters<typeof outputOf>): Promise<string[]> {
  return (await outputOf(...args)).lines
}

/** @throws with what it wrote, where it fails; Spring logs to standard output. */
async function outputOf(
  installation: Installation,
  { client = 'secret' }: LibraryTest,
  { command }: Attempt,
  cwd: string,
  settings: Readonly<Record<string, string>>,
  input = '',
): Promise<{ lines: string[]; stderr: string }> {
  const env = {
    ...environmentWithoutSettings(),
    NO_PROXY: 'localhost,127.0.0.1',
    ...installation.trust,
    MIOT_ISSUER: installation.url,
    MIOT_TOKEN_URL: `${installation.url}/oauth2/token`,
    MIOT_API_URL: installation.url,
    MIOT_AUDIENCE: installation.audience,
    ...installation.clients[client],
    ...settings,
  }
  const { status, stdout, stderr } = await runProgram(command, cwd, env, input)
  if (status !== 0) throw new Error(`${stdout}${stderr}It ended with ${status ?? 'a time-out'}`)
  return { lines: stdout.split(/\r?\n/).slice(0, -1), stderr }
}

async function runProgram(
  [file, ...args]: Attempt['command'],
  cwd: string,
  env: Record<string, string | undefined>,
  input: string,
): Promise<Ended> {
  const child = spawn(file, args, { cwd, env, timeout: RUN_TIMEOUT_MS, killSignal: 'SIGKILL' })
  // A program that ends early reads nothing.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const [status] = (await once(child, 'close')) as [number | null]
  const [stdout, stderr] = await output
  return { status, stdout, stderr }
}

async function track({ url }: Installation, token: string, asset: string): Promise<void> {
  const response = await fetch(`${url}/v1/asset/track`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...reportHeaders() },
    body: JSON.stringify(report(asset)),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`The API refuses the token: ${response.status}`)
}

async function assertReported(installation: Installation, asset: string): Promise<void> {
  const response = await fetch(`${installation.url}/v1/assets/${asset}`, {
    headers: { authorization: `Bearer ${await installation.token()}` },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`The API has no report: ${response.status}`)
}

function withoutSecrets({ clients }: Installation, message: string): string {
  const secrets = Object.values(clients).flatMap(({ MIOT_CLIENT_SECRET: secret }) => secret ?? [])
  const hidden = secrets.reduce((text_, secret) => text_.replaceAll(secret, '<secret>'), message)
  return hidden.replaceAll(/eyJ[\w-]*\.[\w-]+(\.[\w-]*)?/g, '<token>')
}
