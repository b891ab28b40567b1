/** How the programs of each language are installed, and where their versions are written. */

import type { Toolchain } from '../support/toolchain.ts'

export interface Language extends Toolchain {
  readonly registry: string
  /** Below `conformance/languages/`; copied elsewhere before it is built. */
  readonly folder: string
  /** Shell commands, run in the copy in order. */
  readonly install: readonly string[]
  /** The file, below the folder, and the group of this pattern that hold a package's version. */
  readonly manifest: string
  readonly versionOf: (name: string) => RegExp
}

export const LANGUAGES = {
  node: {
    name: 'Node',
    registry: 'npm',
    folder: 'node',
    check: 'node --version && npm --version',
    needs: 'Node 22 or newer, and npm',
    install: ['npm install --no-audit --no-fund --loglevel=error'],
    manifest: 'package.json',
    versionOf: (name) => new RegExp(`"${name}": "([^"]+)"`),
  },
  python: {
    name: 'Python',
    registry: 'PyPI',
    folder: 'python',
    check: 'python3 -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"',
    needs: 'Python 3.10 or newer, with venv and pip',
    install: [
      'python3 -m venv .venv',
      '.venv/bin/pip install -q --disable-pip-version-check -r requirements.txt -c constraints.txt',
    ],
    manifest: 'requirements.txt',
    versionOf: (name) => new RegExp(`^${name}(?:\\[\\w+\\])?==(\\S+)$`, 'm'),
  },
  go: {
    name: 'Go',
    registry: 'Go modules',
    folder: 'go',
    check: 'go version',
    needs: 'Go 1.26 or newer',
    install: ['mkdir -p bin', 'go build -o bin ./cmd/...'],
    manifest: 'go.mod',
    versionOf: (name) => new RegExp(`^\\t${name} v(\\S+)$`, 'm'),
  },
  java: {
    name: 'Java',
    registry: 'Maven Central',
    folder: 'java',
    check: 'mvn --version && javac --release 17 --version && command -v keytool',
    needs: 'a JDK from 17 on, and Maven',
    install: ['mvn -q -B package'],
    manifest: 'pom.xml',
    versionOf: (name) => new RegExp(`<artifactId>${name}</artifactId>\\s*<version>([^<]+)<`),
  },
} as const satisfies Readonly<Record<string, Language>>

export type LanguageName = keyof typeof LANGUAGES
