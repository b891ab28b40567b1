/** The examples that are not TypeScript: how each is built and run. A new language is a new row. */

import { fileURLToPath } from 'node:url'
import type { Toolchain } from '../../conformance/support/toolchain.ts'

export interface Language extends Toolchain {
  /** Below `examples/`; copied elsewhere before it is built. */
  readonly folder: string
  /** Shell commands, run in the copy. */
  readonly build?: string
  readonly run: readonly [string, ...string[]]
  /** Takes more than a few seconds to build: not part of `npm test`. */
  readonly isSlow?: boolean
  /** Runs on a stand-in that knows no TLS. */
  readonly isWithoutTls?: boolean
}

const ELIXIR_STAND_INS = fileURLToPath(new URL('elixir-stand-ins.exs', import.meta.url))

export const LANGUAGES: readonly Language[] = [
  {
    name: 'Node',
    folder: 'node',
    check: 'node --version',
    needs: 'Node 20 or newer',
    run: ['node', 'client.mjs'],
  },
  {
    name: 'Python',
    folder: 'python',
    check: 'python3 -c "import sys; sys.exit(sys.version_info < (3, 9))"',
    needs: 'Python 3.9 or newer',
    run: ['python3', 'client.py'],
  },
  {
    name: 'PHP',
    folder: 'php',
    check: `php -r 'exit(extension_loaded("curl") ? 0 : 1);'`,
    needs: 'php-cli and php-curl',
    run: ['php', 'client.php'],
  },
  {
    name: 'Shell',
    folder: 'shell',
    check: 'curl --version; jq --version',
    needs: 'curl and jq',
    run: ['sh', 'client.sh'],
  },
  {
    name: 'C',
    folder: 'c',
    check: 'make --version; printf "#include <curl/curl.h>\n#include <cjson/cJSON.h>" | cc -E -',
    needs: 'gcc, make, libcurl4-openssl-dev and libcjson-dev',
    build: 'make',
    run: ['./client'],
  },
  {
    name: 'Go',
    folder: 'go',
    check: 'go version',
    needs: 'Go 1.22 or newer',
    build: 'go build -o client .',
    run: ['./client'],
    isSlow: true,
  },
  {
    name: 'Java',
    folder: 'java',
    check: 'mvn --version && javac --release 17 --version',
    needs: 'a JDK from 17 on, and Maven',
    build: 'mvn -q -B compile',
    run: ['java', '-cp', 'target/classes:target/dependency/*', 'Client'],
    isSlow: true,
  },
  {
    name: 'Rust',
    folder: 'rust',
    check: 'cargo --version',
    needs: 'Rust 1.85 or newer',
    build: 'cargo build --quiet --locked',
    run: ['target/debug/modulariot-client'],
    isSlow: true,
  },
  {
    name: 'Elixir',
    folder: 'elixir',
    check: `elixir -e 'Enum.any?([JSON, :jiffy], &Code.ensure_loaded?/1) || System.halt(1)'`,
    needs: 'Elixir 1.18 or newer, or an older one and erlang-jiffy',
    run: ['elixir', '-r', ELIXIR_STAND_INS, 'client.exs'],
    isSlow: true,
    isWithoutTls: true,
  },
]
