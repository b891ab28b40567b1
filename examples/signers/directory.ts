/**
 * An external signer that keeps its keys as files in a directory: `node directory.ts DIRECTORY`.
 *
 * It shows the protocol (docs/signer-protocol.md) to authors of signers, and is what the tests run.
 * It is no HSM: a KMS belongs where `create`, `sign` and `destroy` use files here.
 */

import { createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'

const PSS_PADDING = 6

/** The algorithms of JWS (RFC 7518 §3.1, RFC 8037) that this signer has keys for. */
const ALGORITHMS = {
  RS256: { digest: 'sha256', options: {}, generate: rsa },
  PS256: { digest: 'sha256', options: { padding: PSS_PADDING, saltLength: 32 }, generate: rsa },
  ES256: {
    digest: 'sha256',
    // r and s side by side, not DER.
    options: { dsaEncoding: 'ieee-p1363' },
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  },
  EdDSA: { digest: null, options: {}, generate: () => generateKeyPairSync('ed25519') },
} as const

function rsa() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

interface Call {
  readonly id: number
  readonly op: string
  readonly alg: keyof typeof ALGORITHMS
  readonly reference: string
  readonly input: string
}

const [directory = ''] = process.argv.slice(2)
mkdirSync(directory, { recursive: true, mode: 0o700 })

/** The last part only, whatever was asked for: no other file. */
const fileOf = (reference: string): string => join(directory, `${basename(reference)}.pem`)

const OPERATIONS: Readonly<Record<string, (call: Call) => object>> = {
  hello: () => ({ protocol: 1, algorithms: Object.keys(ALGORITHMS) }),
  create({ alg }) {
    const reference = randomUUID()
    const { privateKey } = ALGORITHMS[alg].generate()
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
    writeFileSync(fileOf(reference), pem, { mode: 0o600 })
    return { reference, public_jwk: createPublicKey(privateKey).export({ format: 'jwk' }) }
  },
  sign({ reference, alg, input }) {
    const { digest, options } = ALGORITHMS[alg]
    const key = { key: readFileSync(fileOf(reference)), ...options }
    return { signature: sign(digest, Buffer.from(input, 'base64url'), key).toString('base64url') }
  },
  destroy({ reference }) {
    rmSync(fileOf(reference), { force: true })
    return {}
  },
}

function answer(call: Call): object {
  try {
    const operation = Object.hasOwn(OPERATIONS, call.op) ? OPERATIONS[call.op] : undefined
    if (operation === undefined) throw new Error(`there is no ${call.op}`)
    return operation(call)
  } catch (error) {
    return { error: (error as Error).message }
  }
}

// The end of its input ends the program.
for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line) as Call
  process.stdout.write(`${JSON.stringify({ id: call.id, ...answer(call) })}\n`)
}
