/** The environment that `npm start` and `npm test` pass to the programs they start. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempDisposableSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const SECRETS = {
  MIOT_ENCRYPTION_KEY: 'k',
  MIOT_DATABASE_URL: 'postgres://user:password@host/database',
  miot_client_secret: 's',
  PGPASSWORD: 'p',
}
const OTHERS = { npm_config_cache: '/somewhere', HTTPS_PROXY: 'http://proxy:3128', HOME: '/home/x' }

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Runs a copy of bootstrap.mjs in an empty folder, with an `npm` that only records its environment.
 *
 * @returns the environments of `npm` and of the program.
 */
function bootstrap(...flags: string[]): { readonly npm: Variables; readonly program: Variables } {
  using root = mkdtempDisposableSync(join(tmpdir(), 'miot-bootstrap-'))
  const path = (...names: string[]): string => join(root.path, ...names)
  mkdirSync(path('scripts'))
  copyFileSync(new URL('./bootstrap.mjs', import.meta.url), path('scripts', 'bootstrap.mjs'))
  writeFileSync(path('package-lock.json'), '{"packages":{}}')
  mkdirSync(path('node_modules', 'node', 'bin'), { recursive: true })
  symlinkSync(process.execPath, path('node_modules', 'node', 'bin', 'node'))
  const note = (file: string): string =>
    `require('node:fs').writeFileSync(${JSON.stringify(path(file))}, JSON.stringify(process.env))`
  writeFileSync(path('program.cjs'), note('program.json'))
  mkdirSync(path('bin'))
  const shebang = `#!${process.execPath}\n`
  writeFileSync(path('bin', 'npm'), shebang + note('npm.json'), { mode: 0o700 })
  const { status, stderr } = spawnSync(
    process.execPath,
    [path('scripts', 'bootstrap.mjs'), ...flags, path('program.cjs')],
    {
      env: {
        ...SECRETS,
        ...OTHERS,
        PATH: [path('bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
      },
      encoding: 'utf8',
    },
  )
  assert.equal(status, 0, stderr)
  const noted = (file: string): Variables => JSON.parse(readFileSync(path(file), 'utf8'))
  return { npm: noted('npm.json'), program: noted('program.json') }
}

const skip = process.platform === 'win32' && 'its npm is a .cmd file'

describe('bootstrap', { skip }, () => {
  it('passes npm and its install scripts no settings of ours, and everything that npm needs', () => {
    const { npm } = bootstrap()
    for (const name of Object.keys(SECRETS)) assert.equal(npm[name], undefined, name)
    for (const [name, value] of Object.entries(OTHERS)) assert.equal(npm[name], value)
  })

  it('passes the server its settings', () => {
    const { program } = bootstrap()
    for (const [name, value] of Object.entries(SECRETS)) assert.equal(program[name], value)
  })

  it('passes tests and benches none, so that they do not reach the user’s installation', () => {
    const { program } = bootstrap('--dev')
    for (const name of Object.keys(SECRETS)) assert.equal(program[name], undefined, name)
    for (const [name, value] of Object.entries(OTHERS)) assert.equal(program[name], value)
  })
})

describe('the scripts of package.json', () => {
  const { scripts } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { scripts: Record<string, string> }

  it('install what they need first, also after npm start, which installs less', () => {
    for (const [name, command] of Object.entries(scripts)) {
      if (name === 'start' || name === 'prepublishOnly') continue
      assert.match(command, /^node scripts\/bootstrap\.mjs --dev\b/, name)
    }
  })
})

describe('scripts, tests, benches and faults', () => {
  it('pass no settings to programs: none passes its whole environment', () => {
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const files = globSync('{scripts,conformance,bench,faults,examples}/**/*.{ts,mjs}', { cwd })
    assert.ok(files.length > 50)
    const passing = files.filter((file) => {
      const text = readFileSync(join(cwd, file), 'utf8')
      return /\.\.\.process\.env\b|\benv: process\.env\b/.test(text)
    })
    assert.deepEqual(passing, [])
  })
})
