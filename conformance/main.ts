/**
 * `npm run conformance -- languages|examples|signers|container|browser`: what takes too long, or
 * fetches too much, for `npm test`.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A new one is a new row. */
const SUITES: Readonly<Record<string, { readonly about: string; readonly file: string }>> = {
  languages: {
    about: 'OAuth clients and token verifiers of other languages, from their registries',
    file: 'languages/main.ts',
  },
  examples: {
    about: 'the examples in other languages, built and run',
    file: '../examples/languages.ts',
  },
  signers: {
    about: 'signing keys in a PKCS#11 token (SoftHSM), with the signer of examples/signers',
    file: 'signers/main.ts',
  },
  container: {
    about: 'the image of the Dockerfile, built and run without Docker in a minimal Debian',
    file: 'container/main.ts',
  },
  browser: {
    about: 'the browser tests of the console on PostgreSQL; on SQLite they are in `npm test`',
    file: 'browser/main.ts',
  },
}

const [name = '', ...args] = process.argv.slice(2)
if (Object.hasOwn(SUITES, name)) {
  const file = fileURLToPath(new URL(SUITES[name]?.file as string, import.meta.url))
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else {
  const known = Object.entries(SUITES).map(([suite, { about }]) => `  ${suite}: ${about}`)
  process.stderr.write(`Usage: npm run conformance -- SUITE [ARGUMENT …]\n${known.join('\n')}\n`)
  process.exitCode = 2
}
